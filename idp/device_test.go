package idp

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

// addTelevision registers a public client that uses the device flow.
func (s *site) addTelevision(change ...func(*db.Client)) {
	s.t.Helper()
	s.addClient("television", func(c *db.Client) {
		c.ClientName = "Television"
		c.GrantTypes, c.RedirectURIs, c.AllowOfflineAccess = []string{grantDeviceCode, grantRefreshToken}, nil, true
		for _, f := range change {
			f(c)
		}
	})
}

func (s *site) startDevice(pairs ...string) deviceAuthorizationResponse {
	s.t.Helper()
	answer := s.call(http.MethodPost, "/connect/deviceauthorization", deviceForm(pairs...))
	if answer.StatusCode != http.StatusOK {
		s.t.Fatalf("device authorization: %d %s", answer.StatusCode, answer.Body)
	}
	return decode[deviceAuthorizationResponse](s.t, answer)
}

func deviceForm(pairs ...string) url.Values {
	form := url.Values{"client_id": {"television"}, "scope": {"openid profile companyApi"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// poll asks for the tokens as the device does.
func (s *site) poll(deviceCode string, pairs ...string) page {
	s.t.Helper()
	form := url.Values{"grant_type": {grantDeviceCode}, "client_id": {"television"}, "device_code": {deviceCode}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return s.token(form)
}

// connect signs a user in and brings them to the question whether the device may.
func (s *site) connect(b *browser, username, address string) page {
	s.t.Helper()
	form := b.follow(b.get(address))
	return b.submit(b.follow(b.submitLogin(form, username, testPasswords[username])), "continue")
}

func TestA4RFC8628DeviceFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.addTelevision()
		device := s.startDevice()
		if !regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`).MatchString(device.UserCode) ||
			device.VerificationURI != testIssuer+"/device" || device.ExpiresIn != 300 || device.Interval != 5 ||
			device.VerificationURIComplete != testIssuer+"/device?user_code="+device.UserCode {
			t.Errorf("RFC 8628 §3.2: %+v", device)
		}
		wantError(t, s.poll(device.DeviceCode), http.StatusBadRequest, AuthorizationPending)
		time.Sleep(time.Second)
		wantError(t, s.poll(device.DeviceCode), http.StatusBadRequest, SlowDown)

		b := s.browser()
		confirm := s.connect(b, "Mick", device.VerificationURIComplete)
		doc := confirm.document(t)
		if got := doc.Find("#shown-code").Text(); got != device.UserCode || !strings.Contains(doc.Find("h1").Text(), "Television") {
			t.Errorf("the question shows %q:\n%s", got, confirm.Body)
		}
		if confirm.Header.Get("X-Frame-Options") != "DENY" {
			t.Error("the question may be framed")
		}
		time.Sleep(10 * time.Second)
		wantError(t, s.poll(device.DeviceCode), http.StatusBadRequest, AuthorizationPending)
		done := b.submit(confirm, "allow", "ScopesConsented", "profile")
		if done.document(t).Find(`main[data-page="device-done"]`).Length() != 1 {
			t.Fatalf("done: %d %s", done.StatusCode, done.Body)
		}
		time.Sleep(10 * time.Second)
		answer := s.poll(device.DeviceCode)
		tokens := decode[tokenResponse](t, answer)
		if answer.StatusCode != http.StatusOK || tokens.Scope != "openid profile" || tokens.IDToken == "" || tokens.RefreshToken != "" {
			t.Errorf("tokens: %d %s", answer.StatusCode, answer.Body)
		}
		if _, present := claimsOf(t, tokens.IDToken)["nonce"]; present {
			t.Error("a nonce that nobody sent")
		}
		if got := s.userinfo(tokens.AccessToken); got.StatusCode != http.StatusOK {
			t.Errorf("userinfo: %d", got.StatusCode)
		}
		time.Sleep(10 * time.Second)
		wantError(t, s.poll(device.DeviceCode), http.StatusBadRequest, InvalidGrant) // once
	})
}

func TestRFC8628TheUserSaysNo(t *testing.T) {
	s := newSite(t)
	s.addTelevision()
	device, b := s.startDevice(), s.browser()
	confirm := s.connect(b, "Mick", device.VerificationURIComplete)
	b.submit(confirm, "deny")
	for range 2 {
		wantError(t, s.poll(device.DeviceCode), http.StatusBadRequest, AccessDenied)
	}
	if again := b.submit(confirm, "allow"); !strings.Contains(again.Body, "The device was not connected") { // the first answer counts
		t.Errorf("a second answer: %s", again.Body)
	}
	wantError(t, s.poll(device.DeviceCode), http.StatusBadRequest, AccessDenied)
}

// A browser shows the answer to the second click. It is that of the first, it is no wrong guess, and it is for the same user alone.
func TestRFC8628Section33AllowIsClickedTwice(t *testing.T) {
	s := newSite(t)
	s.addTelevision()
	device, b := s.startDevice(), s.browser()
	confirm := s.connect(b, "Mick", device.VerificationURIComplete)
	answers := make(chan page)
	for range perPair + 1 {
		go func() { answers <- b.submit(confirm, "allow") }()
	}
	for range perPair + 1 {
		if done := <-answers; !strings.Contains(done.Body, "Your device is connected") {
			t.Errorf("%d %s", done.StatusCode, done.Body)
		}
	}
	other := s.browser()
	entry := other.follow(other.submitLogin(other.follow(other.get(s.issuer+"/device")), "Jane", testPasswords["Jane"]))
	if answer := other.submit(entry, "continue", "user_code", device.UserCode); answer.document(t).Find("#message").Length() != 1 {
		t.Errorf("Jane is told of Mick's device: %d %s", answer.StatusCode, answer.Body)
	}
	if answer := s.poll(device.DeviceCode); answer.StatusCode != http.StatusOK {
		t.Errorf("the device: %d %s", answer.StatusCode, answer.Body)
	}
	if late := b.submit(confirm, "allow"); late.document(t).Find("#message").Length() != 1 {
		t.Errorf("a code that the device has redeemed: %d %s", late.StatusCode, late.Body)
	}
}

func TestRFC8628DeviceCodeExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.addTelevision()
		device, b := s.startDevice(), s.browser()
		confirm := s.connect(b, "Mick", device.VerificationURIComplete)
		time.Sleep(300 * time.Second)
		wantError(t, s.poll(device.DeviceCode), http.StatusBadRequest, ExpiredToken)
		if late := b.submit(confirm, "allow"); late.document(t).Find("#message").Length() != 1 {
			t.Errorf("an answer that came too late: %s", late.Body)
		}
	})
}

func TestRFC8628DeviceGetsARefreshToken(t *testing.T) {
	s := newSite(t)
	s.addTelevision()
	device, b := s.startDevice("scope", "openid offline_access"), s.browser()
	b.submit(s.connect(b, "Mick", device.VerificationURIComplete), "allow", "ScopesConsented", "offline_access")
	tokens := decode[tokenResponse](t, s.poll(device.DeviceCode))
	if tokens.RefreshToken == "" {
		t.Fatal("no refresh token")
	}
	form := refreshForm(tokens.RefreshToken, "client_id", "television", "client_secret", "")
	if answer := s.token(form); answer.StatusCode != http.StatusOK {
		t.Errorf("refresh: %d %s", answer.StatusCode, answer.Body)
	}
}

func TestI22DeviceFlowRefuses(t *testing.T) {
	s := newSite(t)
	s.addTelevision()
	s.addTelevisionLike("other-television")
	device := s.startDevice()
	for _, row := range []struct {
		name   string
		answer page
		status int
		want   Code
	}{
		{"a client without the grant type", s.call(http.MethodPost, "/connect/deviceauthorization", deviceForm("client_id", "spa-client")), 400, UnauthorizedClient},
		{"no client", s.call(http.MethodPost, "/connect/deviceauthorization", url.Values{}), 401, InvalidClient},
		{"an unknown scope", s.call(http.MethodPost, "/connect/deviceauthorization", deviceForm("scope", "everything")), 400, InvalidScope},
		{"no device_code", s.poll(""), 400, InvalidRequest},
		{"an unknown device_code", s.poll("unknown"), 400, InvalidGrant},
		{"a very long one", s.poll(strings.Repeat("d", 5000)), 400, InvalidGrant},
		{"the user code instead", s.poll(device.UserCode), 400, InvalidGrant},
		{"another client's", s.poll(device.DeviceCode, "client_id", "other-television"), 400, InvalidGrant},
		{"a client without the grant type, polling", s.poll(device.DeviceCode, "client_id", "spa-client"), 400, UnauthorizedClient},
	} {
		t.Run(row.name, func(t *testing.T) { wantError(t, row.answer, row.status, row.want) })
	}
	t.Run("a disabled user", func(t *testing.T) {
		b := s.browser()
		b.submit(s.connect(b, "Jane", device.VerificationURIComplete), "allow")
		s.exec(`UPDATE "Users" SET "Enabled" = false WHERE "Username" = 'Jane'`)
		wantError(t, s.poll(device.DeviceCode), http.StatusBadRequest, InvalidGrant)
	})
}

func (s *site) addTelevisionLike(id string) {
	s.t.Helper()
	s.addClient(id, func(c *db.Client) { c.GrantTypes, c.RedirectURIs = []string{grantDeviceCode}, nil })
}

// RFC 8628 §5.1: who guesses is slowed down, whatever they type, and is told nothing.
func TestI22UserCodesCannotBeGuessed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.addTelevision()
		device, b := s.startDevice(), s.browser()
		entry := b.follow(b.submitLogin(b.follow(b.get(s.issuer+"/device")), "Mick", testPasswords["Mick"]))
		for _, guess := range []string{"BBBB-BBBB", "", "no code", "é漢字", "\x00"} {
			if answer := b.submit(entry, "continue", "user_code", guess); answer.StatusCode != http.StatusOK || answer.document(t).Find("#message").Length() != 1 {
				t.Errorf("%q: %d %s", guess, answer.StatusCode, answer.Body)
			}
		}
		blocked := b.submit(entry, "continue", "user_code", device.UserCode)
		if blocked.StatusCode != http.StatusTooManyRequests || blocked.Header.Get("Retry-After") != "30" {
			t.Errorf("after five failures: %d, Retry-After %q", blocked.StatusCode, blocked.Header.Get("Retry-After"))
		}
		time.Sleep(30 * time.Second)
		typed := strings.ToLower(strings.ReplaceAll(device.UserCode, "-", " ")) // as people type it (RFC 8628 §6.1)
		if answer := b.submit(entry, "continue", "user_code", typed); answer.document(t).Find("#allow").Length() != 1 {
			t.Errorf("the right code after the block: %d %s", answer.StatusCode, answer.Body)
		}
	})
}

// RFC 8628 §5.4: a link alone connects nothing, not even for a user who is signed in, and nobody else's form does.
func TestI22ALinkConnectsNothing(t *testing.T) {
	s := newSite(t)
	s.addTelevision()
	device, b := s.startDevice(), s.browser()
	confirm := s.connect(b, "Mick", device.VerificationURIComplete)
	b.get(device.VerificationURIComplete + "&button=allow")
	b.post(s.issuer+"/device", url.Values{"user_code": {device.UserCode}, "button": {"allow"}}) // without having seen the question
	wantError(t, s.poll(device.DeviceCode), http.StatusBadRequest, AuthorizationPending)

	other := s.browser() // Jane posts what Mick was asked
	other.follow(other.submitLogin(other.follow(other.get(s.issuer+"/device")), "Jane", testPasswords["Jane"]))
	if answer := other.submit(confirm, "allow"); answer.document(t).Find("#allow").Length() != 1 {
		t.Errorf("Jane is not asked herself: %s", answer.Body)
	}
	stranger := s.browser()
	if answer := stranger.submit(confirm, "allow"); answer.location() == nil || answer.location().Path != "/account/login" {
		t.Errorf("without a session: %d %s", answer.StatusCode, answer.Header.Get("Location"))
	}
}

func TestUserCodeTypeNumeric(t *testing.T) {
	s := newSite(t)
	s.addTelevision(func(c *db.Client) { c.UserCodeType = numericUserCode })
	if code := s.startDevice().UserCode; !regexp.MustCompile(`^\d{3}-\d{3}-\d{3}$`).MatchString(code) {
		t.Errorf("got %s", code)
	}
}

// The page of a device survives the detour by the login page below a path, and on PostgreSQL.
func TestDeviceFlowBelowAPath(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, store *db.DB) {
		if _, err := store.Seed(t.Context(), db.SeedURLs{SPA: testSPA}); err != nil {
			t.Fatal(err)
		}
		withTestKeys(t, store)
		s := newSiteOn(t, store, func(c *Config) { c.Issuer = "http://localhost:8080/idp" })
		s.addTelevision()
		device, b := s.startDevice("scope", ""), s.browser() // everything the row allows
		b.submit(s.connect(b, "Mick", device.VerificationURIComplete), "allow", "ScopesConsented", "companyApi")
		if tokens := decode[tokenResponse](t, s.poll(device.DeviceCode)); tokens.Scope != "openid companyApi" {
			t.Errorf("got %+v", tokens)
		}
	})
}

// FuzzUserCode: a code means the same however it is typed, and what cannot be one is none (RFC 8628 §6.1).
func FuzzUserCode(f *testing.F) {
	for _, seed := range []string{"", "BCDF-GHJK", "bcdfghjk", "123-456-789", "BCDF-GHJ", "BCDF GHJK", "AEIO-UAEI", "BCDF\u2010GHJK", "\xff", "ＢＣＤＦＧＨＪＫ", strings.Repeat("-", 5000), "ſſſſſſſſ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code := canonicalUserCode(typed)
		if code == "" {
			return
		}
		if !regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ0-9]{8,9}$`).MatchString(code) {
			t.Errorf("%q became %q", typed, code)
		}
		for _, again := range []string{code, strings.ToLower(code), code[:4] + "-" + code[4:], " " + code + " "} {
			if got := canonicalUserCode(again); got != code {
				t.Errorf("%q and %q became %q and %q", typed, again, code, got)
			}
		}
	})
}

// What the row of the client says counts on the page, too: a younger login, and whether it is there at all.
func TestRFC8628TheRowCountsOnThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		lifetime := 60
		s.addTelevision(func(c *db.Client) { c.UserSSOLifetime = &lifetime })
		device := s.startDevice()
		b := s.browser()
		asked := s.connect(b, "Mick", device.VerificationURIComplete)
		time.Sleep(61 * time.Second)
		if login := b.follow(b.submit(asked, "allow")); login.document(t).Find("#password").Length() != 1 { // I5
			t.Errorf("a login of a minute ago: %d %s", login.StatusCode, login.Body)
		}
		time.Sleep(10 * time.Second)
		wantError(t, s.poll(device.DeviceCode), http.StatusBadRequest, AuthorizationPending)

		s.exec(`UPDATE "Clients" SET "Enabled" = false WHERE "ClientId" = 'television'`)
		if page := s.connect(s.browser(), "Mick", device.VerificationURIComplete); !strings.Contains(page.Body, "No device waits") {
			t.Errorf("a disabled client's device: %d %s", page.StatusCode, page.Body)
		}
	})
}

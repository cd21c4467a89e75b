package spa

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"silentrenew/db/dbtest"
)

// atRefresh calls stand in for the provider when tokens are renewed.
func (h *house) atRefresh(stand func(r *http.Request, next http.Handler) (*http.Response, error)) {
	h.onTheWire(func(r *http.Request, next http.Handler) (*http.Response, error) {
		if !strings.HasSuffix(r.URL.Path, "/connect/token") {
			return answerOf(r, next), nil
		}
		text := new(strings.Builder)
		if r.Body != nil {
			buffer := make([]byte, 1<<16)
			n, _ := r.Body.Read(buffer)
			text.Write(buffer[:n])
		}
		r = r.Clone(r.Context())
		r.Body = http.NoBody
		again := httptest.NewRequest(r.Method, r.URL.String(), strings.NewReader(text.String()))
		again.Header = r.Header
		if !strings.Contains(text.String(), "grant_type=refresh_token") {
			return answerOf(again, next), nil
		}
		return stand(again, next)
	})
}

func TestR1BFFRenewsBeforeTheEnd(t *testing.T) {
	for name, row := range map[string]struct {
		lifetime int
		wait     time.Duration
		renewals int
	}{
		"ten minutes: not after nine minutes less a second": {600, 539 * time.Second, 0},
		"ten minutes: a minute before the end":              {600, 541 * time.Second, 1},
		"ten minutes: after the end":                        {600, time.Hour, 1},
		"a minute: after forty seconds":                     {60, 41 * time.Second, 1},
		"a minute: not before":                              {60, 39 * time.Second, 0},
		"two seconds":                                       {2, 3 * time.Second, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				h.lifetime(row.lifetime)
				p := h.replica().person()
				p.signIn("Mick")
				time.Sleep(row.wait)
				if a := p.partial("/companies"); a.StatusCode != http.StatusOK {
					t.Errorf("companies: %d", a.StatusCode)
				}
				if got := p.status(); got.Renewals != row.renewals || !got.SignedIn {
					t.Errorf("%+v, want %d renewals", got, row.renewals)
				}
			})
		})
	}
}

func TestR2BFFConcurrentRequestsShareOneRenewal(t *testing.T) {
	for name, replicas := range map[string]int{"one process": 1, "three replicas": 3} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				sites := make([]*bffSite, replicas)
				for i := range sites {
					sites[i] = h.replica()
				}
				p := sites[0].person()
				p.signIn("Mick")
				time.Sleep(10 * time.Minute)
				var asked atomic.Int32
				h.atRefresh(func(r *http.Request, next http.Handler) (*http.Response, error) {
					asked.Add(1)
					time.Sleep(2 * time.Second)
					return answerOf(r, next), nil
				})
				var wait sync.WaitGroup
				for i := range 30 {
					wait.Go(func() {
						tab := *p
						tab.site = sites[i%replicas].handler
						if a := tab.partial("/companies"); a.StatusCode != http.StatusOK || !strings.Contains(a.body, "IT_Solutions") {
							t.Errorf("request %d: %d", i, a.StatusCode)
						}
					})
				}
				wait.Wait()
				got := p.status()
				if asked.Load() != 1 || got.Renewals != 1 {
					t.Errorf("%d exchanges, %d renewals, want one", asked.Load(), got.Renewals)
				}
				if lifetime := got.Expires - got.Issued; lifetime != 600 { // also when the answer took its time
					t.Errorf("the new token lives %d s, want expires_in", lifetime)
				}
			})
		})
	}
}

func TestBFFRetriesOnceAfter401(t *testing.T) {
	for name, row := range map[string]struct {
		refusals, status, renewals int
	}{
		"the API refuses once":  {1, http.StatusOK, 1},
		"the API refuses twice": {100, http.StatusUnauthorized, 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			p := h.replica().person()
			p.signIn("Mick")
			left, calls := row.refusals, 0
			h.onTheWire(func(r *http.Request, next http.Handler) (*http.Response, error) {
				if r.URL.Path == "/api/companies" {
					calls++
					if left--; left >= 0 {
						w := httptest.NewRecorder()
						w.WriteHeader(http.StatusUnauthorized)
						return w.Result(), nil
					}
				}
				return answerOf(r, next), nil
			})
			if a := p.partial("/companies"); a.StatusCode != row.status {
				t.Errorf("%d, want %d", a.StatusCode, row.status)
			}
			if got := p.status(); got.Renewals != row.renewals || calls != 2 {
				t.Errorf("%d renewals, %d calls, want %d and 2", got.Renewals, calls, row.renewals)
			}
		})
	}
}

func TestBFFInvalidGrantEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		p := h.replica().person()
		p.signIn("Mick")
		dbtest.Exec(t, h.db, `UPDATE "PersistedGrants" SET "RevokedTime" = ? WHERE "Type" = 'refresh_token'`, time.Now().UTC())
		time.Sleep(10 * time.Minute)
		a := p.partial("/companies")
		if a.StatusCode != http.StatusUnauthorized || p.sessionCookie() != "" || p.status().SignedIn {
			t.Errorf("%d, cookie %q, %+v", a.StatusCode, p.sessionCookie(), p.status())
		}
		if a := p.post("/bff/renew"); a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.body, "login_required") {
			t.Errorf("renew: %d %s", a.StatusCode, a.body)
		}
	})
}

// While the provider is away the token is used until its end, nobody waits for long and nobody hammers; when it is back
// everything goes on.
func TestR10BFFKeepsTheTokenWhileTheProviderIsAway(t *testing.T) {
	for name, failure := range map[string]func() (*http.Response, error){
		"no answer": func() (*http.Response, error) { return nil, errors.New("connection refused") },
		"500": func() (*http.Response, error) {
			w := httptest.NewRecorder()
			w.WriteHeader(http.StatusInternalServerError)
			return w.Result(), nil
		},
		"a proxy's page": func() (*http.Response, error) {
			w := httptest.NewRecorder()
			w.WriteHeader(http.StatusOK)
			_, _ = w.WriteString("<html>sign in to this network</html>")
			return w.Result(), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				p := h.replica().person()
				p.signIn("Mick")
				time.Sleep(541 * time.Second)
				asked := 0
				h.atRefresh(func(*http.Request, http.Handler) (*http.Response, error) { asked++; return failure() })
				for range 10 {
					if a := p.partial("/companies"); a.StatusCode != http.StatusOK {
						t.Fatalf("with a token that lives: %d", a.StatusCode)
					}
				}
				if asked != 1 || p.status().Trouble == "" {
					t.Errorf("asked %d times in a row, trouble %q", asked, p.status().Trouble)
				}
				time.Sleep(time.Minute)
				if a := p.partial("/companies"); a.StatusCode != http.StatusServiceUnavailable || !p.status().SignedIn {
					t.Errorf("with a token that is dead: %d, %+v", a.StatusCode, p.status())
				}
				h.onTheWire(nil)
				time.Sleep(renewPause)
				if a := p.partial("/companies"); a.StatusCode != http.StatusOK || p.status().Trouble != "" {
					t.Errorf("when it is back: %d, %+v", a.StatusCode, p.status())
				}
			})
		})
	}
}

// The provider has exchanged the refresh token, and its answer is lost: the next attempt gets the same successor (I8).
func TestI8BFFLostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		p := h.replica().person()
		p.signIn("Mick")
		time.Sleep(10 * time.Minute)
		h.atRefresh(func(r *http.Request, next http.Handler) (*http.Response, error) {
			answerOf(r, next)
			return nil, errors.New("connection reset")
		})
		if a := p.partial("/companies"); a.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("while the answer is lost: %d", a.StatusCode)
		}
		h.onTheWire(nil)
		time.Sleep(renewPause)
		if a := p.partial("/companies"); a.StatusCode != http.StatusOK {
			t.Errorf("after it was lost: %d", a.StatusCode)
		}
		time.Sleep(10 * time.Minute)
		if a := p.partial("/companies"); a.StatusCode != http.StatusOK || len(h.events("token.reuse")) != 0 {
			t.Errorf("next renewal: %d, reuse %v", a.StatusCode, h.events("token.reuse"))
		}
	})
}

// A process that dies in the middle of a renewal holds the others up for the time of its lease, and no longer.
func TestBFFLeaseOfADeadProcessEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		p := h.replica().person()
		p.signIn("Mick")
		time.Sleep(10 * time.Minute)
		now := time.Now()
		if ok, err := h.db.LeaseBFFRecord(t.Context(), recordKey(recordSession, p.sessionCookie()), 1, now, now.Add(renewLease)); !ok || err != nil {
			t.Fatalf("%v, %v", ok, err)
		}
		a := p.partial("/companies")
		if a.StatusCode != http.StatusOK || time.Since(now) > renewLease+time.Second {
			t.Errorf("%d after %s", a.StatusCode, time.Since(now))
		}
	})
}

// R18: the logout comes while the renewal is on its way to the provider. Nobody is signed in afterwards, and the tokens that came too
// late are given back.
func TestR18BFFLogoutWinsOverARenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		site := h.replica()
		p := site.person()
		p.signIn("Mick")
		time.Sleep(10 * time.Minute)
		h.atRefresh(func(r *http.Request, next http.Handler) (*http.Response, error) {
			response := answerOf(r, next)
			time.Sleep(3 * time.Second)
			return response, nil
		})
		var wait sync.WaitGroup
		tab := *p
		wait.Go(func() {
			if a := tab.partial("/companies"); a.StatusCode != http.StatusUnauthorized || strings.Contains(a.body, "IT_Solutions") {
				t.Errorf("the page that waited: %d", a.StatusCode)
			}
		})
		time.Sleep(time.Second)
		if a := p.post("/bff/logout"); a.StatusCode != http.StatusOK {
			t.Errorf("logout: %d", a.StatusCode)
		}
		wait.Wait()
		if p.status().SignedIn {
			t.Error("signed in after the logout")
		}
		var live int
		if err := dbtest.Shell(t, h.db).QueryRow(`SELECT count(*) FROM "PersistedGrants" WHERE "Type" = 'refresh_token' AND "RevokedTime" IS NULL`).Scan(&live); err != nil || live != 0 {
			t.Errorf("%d refresh tokens live on, %v", live, err)
		}
	})
}

// R18: what the API answers after the logout is not shown.
func TestR18BFFAnswerAfterLogoutIsNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		p := h.replica().person()
		p.signIn("Mick")
		h.onTheWire(func(r *http.Request, next http.Handler) (*http.Response, error) {
			response := answerOf(r, next)
			if strings.HasPrefix(r.URL.Path, "/api/") {
				time.Sleep(2 * time.Second)
			}
			return response, nil
		})
		var wait sync.WaitGroup
		tab := *p
		wait.Go(func() {
			if a := tab.partial("/companies"); a.StatusCode != http.StatusUnauthorized || strings.Contains(a.body, "IT_Solutions") {
				t.Errorf("%d", a.StatusCode)
			}
		})
		time.Sleep(time.Second)
		p.post("/bff/logout")
		wait.Wait()
	})
}

// The provider's answer to a renewal is about somebody else: it is not taken, and the token we have stays (R16).
func TestR16BFFRefusesAnotherUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		site := h.replica()
		mick, jane := site.person(), site.person()
		mick.signIn("Mick")
		jane.signIn("Jane")
		time.Sleep(541 * time.Second)
		janes := jane.tokens().RefreshToken
		h.atRefresh(func(r *http.Request, next http.Handler) (*http.Response, error) {
			swapped := httptest.NewRequest(r.Method, r.URL.String(), strings.NewReader("grant_type=refresh_token&refresh_token="+janes))
			swapped.Header = r.Header.Clone()
			swapped.Header.Del("Content-Length")
			return answerOf(swapped, next), nil
		})
		before := mick.status()
		if a := mick.partial("/privacy"); a.StatusCode != http.StatusOK {
			t.Errorf("%d", a.StatusCode)
		}
		if after := mick.status(); after.Subject != before.Subject || after.Renewals != 0 || after.Trouble == "" {
			t.Errorf("%+v", after)
		}
	})
}

// tokens opens the session record with the person's cookie, as the BFF does.
func (p *person) tokens() bffSession {
	p.t.Helper()
	var session bffSession
	data, _, _, err := p.h.db.BFFRecord(p.t.Context(), recordKey(recordSession, p.sessionCookie()), time.Now())
	if err != nil || !openRecord(recordSession, p.sessionCookie(), data, &session) {
		p.t.Fatalf("no record: %v", err)
	}
	return session
}

func TestBFFWithoutRecordsIsNotThere(t *testing.T) {
	s := newSite(t, companiesAPI)
	if a := s.get("/bff/session"); a.StatusCode != http.StatusNotFound {
		t.Errorf("%d, want 404", a.StatusCode)
	}
}

// TestBFFTroubleNamesNoAddress: what the browser hears of a provider that is away does not tell where this server looked for it.
func TestBFFTroubleNamesNoAddress(t *testing.T) {
	away := fmt.Errorf("%w: %w", errProviderAway, &url.Error{Op: "Post", URL: "http://idp.internal:8080/connect/token", Err: errors.New("dial tcp 10.0.0.5:8080: connect: connection refused")})
	if got := reasonOf(away); got != "the provider does not answer" {
		t.Errorf("reason: %q", got)
	}
}

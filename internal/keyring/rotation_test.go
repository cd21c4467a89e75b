package keyring_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/api"
	"silentrenew/db"
	"silentrenew/db/dbtest"
	"silentrenew/idp"
	"silentrenew/internal/event"
	"silentrenew/internal/keyring"
	"silentrenew/internal/seal"
)

const (
	issuer = "https://login.example"
	apiURL = "https://api.example"
	day    = 24 * time.Hour
)

// house is two processes of the provider on one database, and an API that knows them by their issuer only.
type house struct {
	t         *testing.T
	providers []*idp.Provider
	api       http.Handler

	mu      sync.Mutex
	keySets int // how often the API fetched the key set
}

func newHouse(t *testing.T, store *db.DB) *house {
	t.Helper()
	h := &house{t: t}
	for range 2 {
		provider, err := idp.New(idp.Config{Issuer: issuer}, store, event.NewBus(10))
		if err != nil {
			t.Fatal(err)
		}
		h.providers = append(h.providers, provider)
	}
	var err error
	h.api, err = api.New(api.Config{Issuer: issuer, URL: apiURL, HTTPClient: &http.Client{Transport: h}}, store, event.NewBus(10))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// run lets both processes do what no request asks for.
func (h *house) run(ctx context.Context) {
	for _, provider := range h.providers {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = provider.Run(ctx, slog.New(slog.NewTextHandler(io.Discard, nil)))
		}()
		h.t.Cleanup(func() { <-ended })
	}
}

// RoundTrip carries a request of the API to one of the processes.
func (h *house) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	if strings.HasSuffix(r.URL.Path, "/jwks") {
		h.keySets++
	}
	which := h.providers[h.keySets%2]
	h.mu.Unlock()
	w := httptest.NewRecorder()
	which.ServeHTTP(w, r)
	return w.Result(), nil
}

// token asks a process for a token of the client company-employee.
func (h *house) token(process int) string {
	h.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"company-employee"}, "client_secret": {"codemazesecret"}}
	r := httptest.NewRequest(http.MethodPost, issuer+"/connect/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.providers[process].ServeHTTP(w, r)
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.AccessToken == "" {
		h.t.Fatalf("token: %d %s", w.Code, w.Body)
	}
	return answer.AccessToken
}

// call asks the API for a company and returns the status.
func (h *house) call(token string) int {
	r := httptest.NewRequest(http.MethodGet, apiURL+"/api/companies?limit=1", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, r)
	return w.Code
}

func kidOf(t *testing.T, token string) string {
	t.Helper()
	parsed, err := jose.ParseSignedCompact(token, keyring.Algorithms)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Signatures[0].Header.KeyID
}

// I20: over months with a rotation every fortnight, two processes and an API with go-oidc's key set, no call is rejected.
func TestI20NoCallIsRejectedOverMonthsOfRotations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		store := dbtest.Seeded(t)
		for name, value := range map[string]time.Duration{
			"KeyManagement.RotationInterval": 14 * day, "KeyManagement.PropagationTime": 2 * day, "KeyManagement.RetentionDuration": day,
		} {
			if err := store.SetOption(ctx, name, value.String()); err != nil {
				t.Fatal(err)
			}
		}
		h := newHouse(t, store)
		h.run(ctx)

		signers, calls := map[string]bool{}, 0
		for start := time.Now(); time.Since(start) < 84*day; {
			tokens := []string{h.token(0), h.token(1)}
			for _, wait := range []time.Duration{0, 59 * time.Minute, 7 * time.Hour} {
				time.Sleep(wait)
				if wait > time.Hour {
					break // they live an hour
				}
				for process, token := range tokens {
					signers[kidOf(t, token)] = true
					if status := h.call(token); status != http.StatusOK {
						t.Fatalf("after %v a token of process %d is answered %d", time.Since(start), process, status)
					}
					calls++
				}
			}
		}
		if len(signers) != 6 {
			t.Errorf("%d keys signed in twelve weeks, want 6", len(signers))
		}
		if h.keySets < 6 || h.keySets > 2*6 {
			t.Errorf("the API fetched the key set %d times for 6 keys", h.keySets)
		}
		rows, err := store.SigningKeys(ctx)
		if err != nil || len(rows) > 3*len(keyring.Algorithms) {
			t.Errorf("%d keys are left, %v: the old ones were not retired", len(rows), err)
		}
		t.Logf("%d calls, %d keys signed, the key set was fetched %d times", calls, len(signers), h.keySets)
	})
}

// A token with a kid nobody has makes the API ask once in its cool-down, however many such tokens come.
func TestI20UnknownKidsDoNotHammerTheProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, dbtest.Seeded(t))
		if status := h.call(h.token(0)); status != http.StatusOK {
			t.Fatalf("a good token is answered %d", status)
		}
		stranger, err := keyring.Generate(jose.ES256)
		if err != nil {
			t.Fatal(err)
		}
		before := h.keySets
		for range 10 {
			for i := range 20 {
				stranger.KeyID = fmt.Sprint("unknown-", i)
				signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: stranger}, (&jose.SignerOptions{}).WithType("at+jwt"))
				if err != nil {
					t.Fatal(err)
				}
				signed, err := signer.Sign(fmt.Appendf(nil, `{"iss":%q,"aud":"companyApi","sub":"x","exp":%d}`, issuer, time.Now().Add(time.Hour).Unix()))
				if err != nil {
					t.Fatal(err)
				}
				token, _ := signed.CompactSerialize()
				if status := h.call(token); status != http.StatusUnauthorized {
					t.Errorf("a forged token is answered %d", status)
				}
			}
			time.Sleep(time.Second)
		}
		if asked := h.keySets - before; asked > 2 {
			t.Errorf("200 unknown kids in 10 s made the API ask %d times", asked)
		}
	})
}

// A key that was stolen: with it gone its tokens are refused, and the next ones are accepted at once.
func TestI20RevokedKeyEndsItsTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := dbtest.Seeded(t)
		h := newHouse(t, store)
		stolen := h.token(0)
		if status := h.call(stolen); status != http.StatusOK {
			t.Fatalf("before: %d", status)
		}
		time.Sleep(time.Minute)
		if _, err := keyring.New(store, nil).Rotate(t.Context(), jose.ES256, true, time.Now()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second) // every process has read the keys again
		for process := range h.providers {
			if status := h.call(h.token(process)); status != http.StatusOK {
				t.Errorf("a new token of process %d: %d", process, status)
			}
		}
		if status := h.call(stolen); status != http.StatusUnauthorized {
			t.Errorf("the stolen one: %d", status)
		}
	})
}

// The same in every database, whatever the stolen key has signed: one key of the algorithm is left, and the others' keys stay.
func TestI20RevokingLeavesOneKeyOfTheAlgorithm(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, store *db.DB) {
		ring, now := keyring.New(store, nil), time.Now()
		if _, _, err := ring.Keep(t.Context(), keyring.Policy{Rotation: 90 * day, Propagation: 14 * day, Retention: 14 * day}, now); err != nil {
			t.Fatal(err)
		}
		for _, revoke := range []bool{false, false, true} {
			if _, err := ring.Rotate(t.Context(), jose.ES256, revoke, now); err != nil {
				t.Fatal(err)
			}
			rows, err := store.SigningKeys(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				if err := store.SignsTokensOf(t.Context(), row.ID, 10*365*day); err != nil { // the longest a client's row allows
					t.Fatal(err)
				}
			}
		}
		rows, err := store.SigningKeys(t.Context())
		left := map[string]int{}
		for _, row := range rows {
			left[row.Algorithm]++
		}
		if err != nil || left["ES256"] != 1 || len(left) != len(keyring.Algorithms) {
			t.Errorf("left are %v, %v", left, err)
		}
	})
}

// Months in which several processes look after one database, each on its own: one key per generation.
func TestI20ProcessesThatShareADatabaseAgree(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, store *db.DB) {
		policy := keyring.Policy{Rotation: 90 * day, Propagation: 14 * day, Retention: 14 * day}
		made, retired := 0, 0
		var mu sync.Mutex
		now := time.Now()
		for range 27 { // months
			var processes sync.WaitGroup
			for range 3 {
				processes.Go(func() {
					changes, next, err := keyring.New(store, nil).Keep(t.Context(), policy, now)
					if err != nil || !next.After(now) {
						t.Errorf("next %v, %v", next, err)
					}
					mu.Lock()
					defer mu.Unlock()
					for _, change := range changes {
						if change.Retired {
							retired++
						} else {
							made++
						}
					}
				})
			}
			processes.Wait()
			now = now.Add(30 * day)
		}
		rows, err := store.SigningKeys(t.Context())
		if err != nil || len(rows) != made-retired || made < 8*len(keyring.Algorithms) || made > 10*len(keyring.Algorithms) {
			t.Errorf("made %d, retired %d, left %d, %v", made, retired, len(rows), err)
		}
		seen := map[string]bool{}
		for _, row := range rows {
			line := fmt.Sprint(row.Algorithm, row.Generation)
			if seen[line] {
				t.Errorf("two keys are %s", line)
			}
			seen[line] = true
		}
	})
}

const (
	firstKey  = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	secondKey = "YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODk="
)

func sealer(t *testing.T, keys ...string) *seal.Sealer {
	t.Helper()
	s, err := seal.New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Point 3 of the issue: the row holds no private key once the environment gives a key to encrypt it with.
func TestI20PrivateKeysAreSealedAtRest(t *testing.T) {
	store := dbtest.Seeded(t)
	start := func(keys ...string) error {
		_, err := idp.New(idp.Config{Issuer: issuer, Sealer: sealer(t, keys...)}, store, event.NewBus(10))
		return err
	}
	for _, step := range []struct {
		name string
		keys []string
		err  string
	}{
		{"in clear", nil, ""},
		{"with a key, rows in clear", []string{firstKey}, ""},
		{"again", []string{firstKey}, ""},
		{"without a key", nil, "set SILENTRENEW_KEY_ENCRYPTION_KEY"},
		{"with another key", []string{secondKey}, "SILENTRENEW_KEY_ENCRYPTION_KEY_OLD"},
		{"with another key and the old one", []string{secondKey, firstKey}, ""},
		{"with the new key alone", []string{secondKey}, ""},
		{"with the old key alone", []string{firstKey}, "is encrypted with another key"},
	} {
		err := start(step.keys...)
		if step.err == "" && err != nil || step.err != "" && (err == nil || !strings.Contains(err.Error(), step.err) || strings.Contains(err.Error(), "\n")) {
			t.Fatalf("%s: %v, want %q", step.name, err, step.err)
		}
		rows, err := store.SigningKeys(t.Context())
		if err != nil || len(rows) != len(keyring.Algorithms) {
			t.Fatalf("%s: %d keys, %v", step.name, len(rows), err)
		}
		for _, row := range rows {
			if clear := strings.Contains(row.Data, `"kty"`); clear != (step.name == "in clear") || row.Protected == clear || seal.Sealed(row.Data) == clear {
				t.Errorf("%s: key %s is in clear: %v, protected says %v", step.name, row.ID, clear, row.Protected)
			}
		}
	}
	// Whoever has lost the encryption key does what the message says.
	err := start()
	if want := "silentrenew keys rotate --revoke-old"; err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("lost for good: %v, want %q", err, want)
	}
	for _, algorithm := range keyring.Algorithms { // as the command does
		if _, err := keyring.New(store, nil).Rotate(t.Context(), algorithm, true, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := start(); err != nil {
		t.Errorf("after that: %v", err)
	}
}

// Whoever can write the table but has no encryption key cannot put one key in the place of another.
func TestSealedKeyOpensInItsOwnRowOnly(t *testing.T) {
	store := dbtest.New(t)
	ring := keyring.New(store, sealer(t, firstKey))
	if _, _, err := ring.Keep(t.Context(), keyring.DefaultPolicy, time.Now()); err != nil {
		t.Fatal(err)
	}
	rows, err := store.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	moved := rows[0]
	moved.Data = rows[1].Data
	if _, err := ring.Open(moved); err == nil {
		t.Error("it opened")
	}
}

package idp

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
	"silentrenew/db/dbtest"
	"silentrenew/internal/event"
	"silentrenew/internal/keyring"
)

// testKeys are made once: an RSA key takes longer than most tests.
var testKeys = sync.OnceValue(func() []jose.JSONWebKey {
	var made []jose.JSONWebKey
	for _, algorithm := range signatureAlgorithms {
		key, err := keyring.Generate(algorithm)
		if err != nil {
			panic(err)
		}
		made = append(made, key)
	}
	return made
})

// withTestKeys gives a database its signing keys before the provider would make them.
func withTestKeys(t testing.TB, store *db.DB) {
	t.Helper()
	for _, key := range testKeys() {
		insertKey(t, store, key, time.Now())
	}
}

// insertKey stores a key as the newest of its algorithm, as another process would.
func insertKey(t testing.TB, store *db.DB, key jose.JSONWebKey, signsFrom time.Time) {
	t.Helper()
	encoded, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := store.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	generation := 1
	for _, row := range rows {
		if row.Algorithm == key.Algorithm {
			generation = max(generation, row.Generation+1)
		}
	}
	row := db.SigningKey{ID: key.KeyID, Algorithm: key.Algorithm, Generation: generation, Created: time.Now(), SignsFrom: signsFrom, Data: string(encoded)}
	if inserted, err := store.InsertSigningKey(t.Context(), row); err != nil || !inserted {
		t.Fatalf("insert key: %v, %v", inserted, err)
	}
}

func newKey(t testing.TB, algorithm jose.SignatureAlgorithm) jose.JSONWebKey {
	t.Helper()
	key, err := keyring.Generate(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (s *site) keySet() jose.JSONWebKeySet {
	s.t.Helper()
	return decode[jose.JSONWebKeySet](s.t, s.call(http.MethodGet, "/.well-known/openid-configuration/jwks", nil))
}

func TestA52KeysAreCreatedAtFirstStartAndSurviveARestart(t *testing.T) {
	store := dbtest.Seeded(t)
	first := newSiteOn(t, store)
	created := first.events("signing_key.created")
	if len(created) != len(signatureAlgorithms) {
		t.Fatalf("got %d signing_key.created events, want one per algorithm", len(created))
	}
	if got := created[0].Parameters["data_protected"]; !strings.Contains(got, "development only") {
		t.Errorf("the event does not mark the key as for development only: %q", got)
	}
	tokens := first.redeem(first.insertCode(nil))

	second := newSiteOn(t, store)
	if again := second.events("signing_key.created"); len(again) != 0 {
		t.Errorf("the restart created keys: %v", again)
	}
	if got := second.userinfo(tokens.AccessToken); got.StatusCode != http.StatusOK {
		t.Errorf("after the restart userinfo answers %d %s", got.StatusCode, got.Body)
	}
	if got, want := second.keySet(), first.keySet(); len(got.Keys) != len(want.Keys) || got.Keys[0].KeyID != want.Keys[0].KeyID {
		t.Errorf("the key set changed: %v, before %v", got, want)
	}
}

func TestA52JWKSHasPublicPartsOnlyUnderTheirThumbprints(t *testing.T) {
	s := newSite(t)
	answer := s.call(http.MethodGet, "/.well-known/openid-configuration/jwks", nil)
	if got := answer.Header.Get("Cache-Control"); got != "public, max-age=60" {
		t.Errorf("Cache-Control: got %q", got)
	}
	for _, key := range decode[struct{ Keys []map[string]any }](t, answer).Keys {
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k", "oth"} { // RFC 7518 §6
			if _, leaked := key[private]; leaked {
				t.Errorf("key %v publishes %q", key["kid"], private)
			}
		}
		if key["use"] != "sig" {
			t.Errorf("key %v: use is %v", key["kid"], key["use"])
		}
	}
	for _, key := range s.keySet().Keys {
		thumbprint, err := key.Thumbprint(crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := key.KeyID, base64.RawURLEncoding.EncodeToString(thumbprint); got != want {
			t.Errorf("kid is %s, its thumbprint (RFC 7638) is %s", got, want)
		}
	}
}

func TestI20ANewKeyIsPublishedByAllBeforeItSigns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := dbtest.Seeded(t)
		withTestKeys(t, store)
		one, two := newSiteOn(t, store), newSiteOn(t, store)
		next := newKey(t, jose.ES256)
		insertKey(t, store, next, time.Now().Add(keyring.MinPropagation))
		three := newSiteOn(t, store)

		tokens := three.redeem(three.insertCode(nil))
		if got := headerOf(t, tokens.AccessToken)["kid"]; got == next.KeyID {
			t.Error("the new key signs before it was published for long enough")
		}
		time.Sleep(keysReload)
		for name, s := range map[string]*site{"one": one, "two": two, "three": three} {
			if got := len(s.keySet().Keys); got != len(signatureAlgorithms)+1 {
				t.Errorf("after the reload interval process %s publishes %d keys, want one more than at the start", name, got)
			}
		}
		time.Sleep(keyring.MinPropagation)
		for name, s := range map[string]*site{"one": one, "two": two} {
			later := s.redeem(s.insertCode(nil))
			if got := headerOf(t, later.AccessToken)["kid"]; got != next.KeyID {
				t.Errorf("process %s signs with %v, want %s", name, got, next.KeyID)
			}
			for _, token := range []string{tokens.AccessToken, later.AccessToken} {
				if got := three.userinfo(token); got.StatusCode != http.StatusOK {
					t.Errorf("process three refuses a token: %s", got.Body)
				}
			}
		}
	})
}

func TestTwoProcessesMakeTheirFirstKeysAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := dbtest.Seeded(t)
		sites := make([]*site, 2)
		var starts sync.WaitGroup
		for i := range sites {
			starts.Go(func() {
				bus := event.NewBus(10)
				handler, err := New(Config{Issuer: testIssuer}, store, bus)
				if err != nil {
					t.Error(err)
				}
				sites[i] = &site{t: t, issuer: testIssuer, db: store, bus: bus, handler: handler}
			})
		}
		starts.Wait()
		time.Sleep(keysReload)
		one, two := sites[0], sites[1]
		if got, want := one.keySet().Keys, two.keySet().Keys; len(got) != len(signatureAlgorithms) || len(got) != len(want) {
			t.Errorf("one publishes %d keys, two %d", len(got), len(want))
		}
		ours, theirs := one.redeem(one.insertCode(nil)), two.redeem(two.insertCode(nil))
		if one.userinfo(theirs.AccessToken).StatusCode != http.StatusOK || two.userinfo(ours.AccessToken).StatusCode != http.StatusOK {
			t.Error("one process refuses what the other signed")
		}
		if headerOf(t, ours.IDToken)["kid"] != headerOf(t, theirs.IDToken)["kid"] {
			t.Error("the processes do not sign with the same key")
		}
	})
}

func TestUnknownKeyIsLookedUpOnceInAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		other := newKey(t, jose.ES256)
		time.Sleep(unknownKeyPause)
		insertKey(t, s.db, other, time.Now().Add(-time.Hour)) // another process signs with it already
		tokens := newSiteOn(t, s.db).redeem(s.insertCode(nil))
		if got := headerOf(t, tokens.AccessToken)["kid"]; got != other.KeyID {
			t.Fatalf("signed with %v, want %s", got, other.KeyID)
		}
		if got := s.userinfo(tokens.AccessToken); got.StatusCode != http.StatusOK {
			t.Errorf("a kid another process made is refused: %s", got.Body)
		}
	})
}

func TestKeysOfALaterVersionAreLeftAlone(t *testing.T) {
	store := dbtest.Seeded(t)
	withTestKeys(t, store)
	row := db.SigningKey{ID: "later", Algorithm: "ML-DSA-65", Created: time.Now(), Generation: 1, Data: `{"kty":"AKP"}`}
	if _, err := store.InsertSigningKey(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	s := newSiteOn(t, store)
	if got := len(s.keySet().Keys); got != len(signatureAlgorithms) {
		t.Errorf("got %d keys", got)
	}
}

// A replica was given another encryption key. This one goes on with the keys it has, and says it once.
func TestKeyThatCannotBeReadIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		row := db.SigningKey{ID: "theirs", Algorithm: "ES256", Generation: 2, Created: time.Now(), SignsFrom: time.Now(), Data: `{"kty":"RSA"}`}
		if _, err := s.db.InsertSigningKey(t.Context(), row); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			time.Sleep(keysReload)
			tokens := s.redeem(s.insertCode(nil))
			if got := s.userinfo(tokens.AccessToken); got.StatusCode != http.StatusOK {
				t.Errorf("userinfo answers %d", got.StatusCode)
			}
		}
		if told := s.events("signing_key.unreadable"); len(told) != 1 || told[0].Parameters["kid"] != "theirs" {
			t.Errorf("got %+v, want one event", told)
		}
	})
}

func TestDamagedKeyStopsTheStartWithItsName(t *testing.T) {
	store := dbtest.Seeded(t)
	row := db.SigningKey{ID: "damaged-1", Algorithm: "RS256", Created: time.Now(), Generation: 1, Data: `{"kty":"RSA"}`}
	if _, err := store.InsertSigningKey(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	_, err := New(Config{Issuer: testIssuer}, store, event.NewBus(1))
	if err == nil || !strings.Contains(err.Error(), "damaged-1") {
		t.Errorf("got %v, want an error that names the key", err)
	}
}

// A key that was deleted because it was stolen verifies nothing any more, also no token that this process has just signed itself.
func TestI20ATokenOfADeletedKeyIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		token := s.redeem(s.insertCode(nil)).AccessToken
		if answer := s.userinfo(token); answer.StatusCode != http.StatusOK {
			t.Fatalf("before: %d %s", answer.StatusCode, answer.Body)
		}
		s.exec(`DELETE FROM "Keys" WHERE "Algorithm" = 'ES256'`)
		time.Sleep(keysReload)
		wantError(t, s.userinfo(token), http.StatusUnauthorized, InvalidToken)
	})
}

package idp

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
	"silentrenew/internal/dpop/dpoptest"
)

// keyServer is the client's server with a key set. It is a transport and no listener, so that it works where time is not real.
type keyServer struct {
	text   atomic.Value
	status atomic.Int64
	asked  atomic.Int64
}

func (k *keyServer) publish(keys ...string) {
	k.text.Store(`{"keys":[` + strings.Join(keys, ",") + `]}`)
}

// RoundTrip implements http.RoundTripper.
func (k *keyServer) RoundTrip(r *http.Request) (*http.Response, error) {
	k.asked.Add(1)
	w := httptest.NewRecorder()
	w.Header().Set("Location", "https://elsewhere.example/")
	w.WriteHeader(int(k.status.Load()))
	_, _ = w.WriteString(k.text.Load().(string))
	answer := w.Result()
	answer.Request = r
	return answer, nil
}

// addPublisher registers robot, a client whose keys are at its jwks_uri.
func (s *site) addPublisher(address string) *keyServer {
	s.t.Helper()
	server := new(keyServer)
	server.status.Store(http.StatusOK)
	server.publish()
	s.addClient("robot", func(c *db.Client) {
		c.GrantTypes, c.RedirectURIs, c.RequireClientSecret, c.JWKSURI = []string{grantClientCredentials}, nil, true, address
	})
	s.handler.(*Provider).outgoing.client.Transport = server
	return server
}

func TestI20JWKSURI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		server := s.addPublisher("https://robot.example/keys")
		one, two := newSigner(t, jose.ES256).named("one"), newSigner(t, jose.EdDSA).named("two")
		server.publish(one.public)
		works := func(key signer, asked int64) {
			t.Helper()
			if answer := s.token(assertionForm(key.assertion(nil))); answer.StatusCode != http.StatusOK {
				t.Errorf("got %d %s", answer.StatusCode, answer.Body)
			}
			if got := server.asked.Load(); got != asked {
				t.Errorf("the client was asked %d times by now, want %d", got, asked)
			}
		}
		refused := func(key signer, asked int64) {
			t.Helper()
			wantError(t, s.token(assertionForm(key.assertion(nil))), http.StatusUnauthorized, InvalidClient)
			if got := server.asked.Load(); got != asked {
				t.Errorf("the client was asked %d times by now, want %d", got, asked)
			}
		}
		works(one, 1)
		works(one, 1) // from memory

		server.publish(two.public, one.public)
		refused(two, 1) // an unknown kid right after the last question
		time.Sleep(publishedPause)
		works(two, 2) // and a pause later
		refused(newSigner(t, jose.ES256).named("three"), 2)

		time.Sleep(publishedFresh)
		server.publish(two.public) // withdrawn
		refused(one, 3)
		works(two, 3)

		time.Sleep(publishedFresh)
		server.status.Store(http.StatusBadGateway)
		works(two, 4) // its keys outlive an outage
		works(two, 4) // during which it is asked once a pause
		time.Sleep(publishedStale)
		refused(two, 5)
		server.status.Store(http.StatusOK)
		refused(two, 5)
		time.Sleep(publishedPause)
		works(two, 6)
		if told := s.events("client_keys.fetched"); len(told) != 6 || told[3].Outcome != string(InvalidClient) || told[3].ClientID != "robot" {
			t.Errorf("events %+v", told)
		}
	})
}

func TestI20JWKSURIOneQuestionForAllWhoWait(t *testing.T) {
	s := newSite(t)
	server, key := s.addPublisher("https://robot.example/keys"), newSigner(t, jose.ES256).named("one")
	server.publish(key.public)
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			if answer := s.token(assertionForm(key.assertion(nil))); answer.StatusCode != http.StatusOK {
				t.Errorf("got %d %s", answer.StatusCode, answer.Body)
			}
		})
	}
	all.Wait()
	if got := server.asked.Load(); got != 1 {
		t.Errorf("asked %d times, want once", got)
	}
}

func TestI22WhatAKeySetMayHold(t *testing.T) {
	key := newSigner(t, jose.ES256).named("one")
	for _, row := range []struct {
		name, address string
		status        int
		text          string
		works         bool
	}{
		{"one key", "https://robot.example/keys", 200, `{"keys":[` + key.public + `]}`, true},
		{"beside what we do not know", "https://robot.example/keys", 200, `{"keys":[{"kty":"new"},{},` + key.public + `],"more":1}`, true},
		{"a symmetric key", "https://robot.example/keys", 200, `{"keys":[{"kty":"oct","k":"AAAA","kid":"one"}]}`, false},
		{"a key for encryption", "https://robot.example/keys", 200, `{"keys":[` + strings.Replace(key.public, "{", `{"use":"enc",`, 1) + `]}`, false},
		{"for another algorithm", "https://robot.example/keys", 200, `{"keys":[` + strings.Replace(key.public, "{", `{"alg":"ES512",`, 1) + `]}`, false},
		{"no JSON", "https://robot.example/keys", 200, `<html>`, false},
		{"another JSON", "https://robot.example/keys", 200, `[]`, false},
		{"no keys", "https://robot.example/keys", 200, `{"keys":[]}`, false},
		{"too many", "https://robot.example/keys", 200, `{"keys":[` + strings.Repeat(key.public+",", maxKeys) + key.public + `]}`, false},
		{"a megabyte", "https://robot.example/keys", 200, `{"keys":[` + key.public + `],"x":"` + strings.Repeat("x", 1<<20) + `"}`, false},
		{"not found", "https://robot.example/keys", 404, `{"keys":[` + key.public + `]}`, false},
		{"a redirect", "https://robot.example/keys", 302, `{"keys":[` + key.public + `]}`, false},
		{"by plain http", "http://robot.example/keys", 200, `{"keys":[` + key.public + `]}`, false},
		{"no address", "robot", 200, `{"keys":[` + key.public + `]}`, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t)
			server := s.addPublisher(row.address)
			server.status.Store(int64(row.status))
			server.text.Store(row.text)
			answer := s.token(assertionForm(key.assertion(nil)))
			if row.works && answer.StatusCode != http.StatusOK {
				t.Errorf("got %d %s", answer.StatusCode, answer.Body)
			} else if !row.works {
				wantError(t, answer, http.StatusUnauthorized, InvalidClient)
			}
		})
	}
}

// A client's RSA key of less than 2048 bits verifies nothing, wherever it comes from (RFC 7518 §3.3, FAPI 2.0 §5.4.1).
func TestI22ShortRSAKeysVerifyNothing(t *testing.T) {
	for bits, works := range map[int]bool{1024: false, 2048: true} {
		made := dpoptest.NewKey(t, jose.PS256, bits)
		key := signer{t: t, key: made.Private, public: string(must(json.Marshal(made.Public))), alg: jose.PS256}
		published, written := newSite(t), newSite(t)
		published.addPublisher("https://robot.example/keys").publish(key.public)
		written.addRobot(key)
		for where, s := range map[string]*site{"at its jwks_uri": published, "in its row": written} {
			answer := s.token(assertionForm(key.assertion(nil)))
			if works && answer.StatusCode != http.StatusOK {
				t.Errorf("%d bits %s: %d %s", bits, where, answer.StatusCode, answer.Body)
			} else if !works {
				wantError(t, answer, http.StatusUnauthorized, InvalidClient)
			}
		}
	}
}

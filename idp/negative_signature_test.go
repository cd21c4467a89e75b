package idp

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/internal/dpop"
	"silentrenew/internal/dpop/dpoptest"
)

// What a client signs is refused when its header asks for what we do not know (RFC 7515 §4.1.11), or brings a key along and nothing
// else speaks for it (RFC 8725 §3.10).
func TestI22HeadersOfWhatClientsSign(t *testing.T) {
	s := newSite(t)
	client, robot := s.signingClient("signing", false), newSigner(t, jose.ES256)
	s.addRobot(robot)
	proves, stranger := dpoptest.NewKey(t, jose.ES256), dpoptest.NewKey(t, jose.ES256)
	signer := func(key any) dpoptest.Key { return dpoptest.Key{T: t, Private: key, Alg: jose.ES256} }
	request := func(by dpoptest.Key, header map[string]any) func(*site) page {
		return asking("client_id", "signing", "request", by.Signed(header, objectClaims("signing", nil)))
	}
	assertion := func(by dpoptest.Key, header map[string]any) func(*site) page {
		return func(s *site) page {
			return s.token(assertionForm(by.Signed(header, claimsOf(t, robot.assertion(nil)))))
		}
	}
	proof := func(header map[string]any) func(*site) page {
		own := map[string]any{"typ": "dpop+jwt", "jwk": proves.Public}
		maps.Copy(own, header)
		return func(s *site) page {
			form := tokenForm(s.insertCode(nil))
			return s.token(form, dpop.Header, proves.Signed(own, dpoptest.Claims("POST", testIssuer+"/connect/token")))
		}
	}
	critical := map[string]any{"crit": []string{"tea"}, "tea": "green"}
	rows := []misuse{
		{"RFC 7515 §4.1.11", "crit in a request object", request(signer(client.Key), critical), toClient, 302, InvalidRequestObject},
		{"RFC 7515 §4.1.11", "crit in a request object without a signature", asking("request", unsignedUnder(`{"alg":"none","crit":["tea"],"tea":"green"}`)), toClient, 302, InvalidRequestObject},
		{"RFC 9101 §10.8", "typ of something else without a signature", asking("request", unsignedUnder(`{"alg":"none","typ":"at+jwt"}`)), toClient, 302, InvalidRequestObject},
		{"RFC 7515 §4.1.11", "crit in an assertion", assertion(signer(robot.key), critical), toJSON, 401, InvalidClient},
		{"RFC 7515 §4.1.11", "crit in a proof", proof(critical), toJSON, 400, InvalidDPoPProof},
		{"RFC 9101 §6.1", "an encrypted request", asking("request", "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.eA.eA.eA.eA"), toClient, 302, InvalidRequestObject},
		{"RFC 8725 §2.1", "a request under HMAC with the public key", asking("client_id", "signing", "request", dpoptest.Key{T: t, Private: must(json.Marshal(client.Public())), Alg: jose.HS256}.
			Signed(nil, objectClaims("signing", nil))), toClient, 302, InvalidRequestObject},
	}
	for name, header := range map[string]map[string]any{
		"its key": {"jwk": stranger.Public}, "the address of its keys": {"jku": "https://evil.example/keys"}, "the address of its certificate": {"x5u": "https://evil.example/cert"},
	} {
		rows = append(rows,
			misuse{"RFC 8725 §3.10", "a request that brings " + name, request(stranger, header), toClient, 302, InvalidRequestObject},
			misuse{"RFC 8725 §3.10", "an assertion that brings " + name, assertion(stranger, header), toJSON, 401, InvalidClient})
	}
	refuseAll(t, s, rows)

	// The rows would prove nothing if what they spoil were not good.
	if answer := request(signer(client.Key), nil)(s); answer.sent("error") != "" {
		t.Errorf("a good request: %s", answer.Header.Get("Location"))
	}
	for name, answer := range map[string]page{"assertion": assertion(signer(robot.key), nil)(s), "proof": proof(nil)(s)} {
		if answer.StatusCode != 200 {
			t.Errorf("a good %s: %d %s", name, answer.StatusCode, answer.Body)
		}
	}
	if answer := s.browser().get(s.authorizeURL("request", unsigned(t, map[string]any{}))); answer.sent("error") != "" {
		t.Errorf("a good unsigned request: %s", answer.Header.Get("Location"))
	}
}

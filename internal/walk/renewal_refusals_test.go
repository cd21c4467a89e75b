package walk

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestR9ErrorsAreSortedByWhatHelps: what the library throws, and what class the renewal gives it.
func TestR9ErrorsAreSortedByWhatHelps(t *testing.T) {
	_, b := walk(t)
	b.open("/")
	wrong := eval[[]string](b, `(async () => {
		const { ErrorResponse, ErrorTimeout } = await import("oidc-client-ts");
		const { classify, backOff, leadOf } = await import("/static/js/renew.js");
		const said = (error) => new ErrorResponse({ error });
		const wrong = [];
		for (const [error, answer, kind, code] of [
			[said("login_required"), {}, "final", "login_required"],
			[said("consent_required"), {}, "final", "consent_required"],
			[said("interaction_required"), {}, "final", "interaction_required"],
			[said("account_selection_required"), {}, "final", "account_selection_required"],
			[said("invalid_grant"), { status: 400 }, "final", "invalid_grant"],
			[said("invalid_client"), { status: 401 }, "final", "invalid_client"],
			[said("access_denied"), {}, "final", "access_denied"],
			[said("temporarily_unavailable"), {}, "transient", "temporarily_unavailable"],
			[said("server_error"), { status: 500 }, "transient", "server_error"],
			[said("slow_down"), { status: 429 }, "transient", "slow_down"],
			[new ErrorTimeout("Network timed out"), {}, "transient", "timeout"],
			[new TypeError("Failed to fetch"), {}, "transient", "network"],
			[new Error("Service Unavailable (503)"), {}, "transient", "http_503"],
			[new Error("Invalid response Content-Type: text/html"), { status: 502 }, "transient", "http_502"],
			[new Error("Too Many Requests (429): {}"), {}, "transient", "http_429"],
			[new Error("Not Found (404)"), {}, "final", "http_404"],
			[new Error("nonce in id_token does not match nonce in client storage"), {}, "refused", "invalid_response"],
		]) {
			const got = classify(error, answer);
			if (got.class !== kind || got.code !== code) wrong.push(error.message + ": " + got.class + " " + got.code + ", want " + kind + " " + code);
		}
		const asked = classify(new Error("x (503)"), { status: 503, retryAfter: "7" }).retryAfter;
		if (asked !== 7) wrong.push("Retry-After: 7 is " + asked);
		const date = classify(new Error("x"), { status: 429, retryAfter: new Date(Date.now() + 20000).toUTCString() }).retryAfter;
		if (!(date > 18 && date <= 20)) wrong.push("Retry-After as a date is " + date);
		const waits = [1, 2, 3, 4, 5, 50].map((n) => backOff(n, 0, 0)).join();
		if (waits !== "2,4,8,16,16,16") wrong.push("back-off " + waits);
		if (backOff(1, 30, 1) !== 30 || backOff(2, 0, 1) !== 4.8) wrong.push("back-off with Retry-After or jitter");
		if (leadOf(60, 60, 1 / 3) !== 20 || leadOf(600, 60, 1 / 3) !== 60) wrong.push("lead"); // R1
		return wrong;
	})()`)
	for _, w := range wrong {
		t.Error(w)
	}
}

// TestR9EachFaultHasItsClass: what the provider does, and what the renewal makes of it.
func TestR9EachFaultHasItsClass(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe", "silentRequestTimeoutInSeconds": 2, "loadUserInfo": false, "monitorSession": false})
	b.signIn("Mick", "MickPassword")
	authorize := func(code string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			query := r.URL.Query()
			if query.Get("prompt") != "none" {
				return false
			}
			http.Redirect(w, r, query.Get("redirect_uri")+"?"+url.Values{"error": {code}, "state": {query.Get("state")}, "iss": {p.idp}}.Encode(), http.StatusFound)
			return true
		}
	}
	refused := func(code string) func(http.ResponseWriter, *http.Request) bool {
		return failToken(http.StatusBadRequest, `{"error":"`+code+`"}`)
	}
	for _, row := range []struct {
		fault       func(http.ResponseWriter, *http.Request) bool
		class, code string
	}{
		{authorize("login_required"), "final", "login_required"},
		{authorize("consent_required"), "final", "consent_required"},
		{authorize("interaction_required"), "final", "interaction_required"},
		{authorize("account_selection_required"), "final", "account_selection_required"},
		{refused("invalid_grant"), "final", "invalid_grant"},
		{refused("invalid_client"), "final", "invalid_client"},
		{authorize("temporarily_unavailable"), "transient", "temporarily_unavailable"},
		{failToken(http.StatusInternalServerError, `{"error":"server_error"}`), "transient", "server_error"},
		{failToken(http.StatusBadGateway, "<h1>Bad Gateway</h1>", "Content-Type", "text/html"), "transient", "http_502"},
		{failToken(http.StatusServiceUnavailable, ""), "transient", "http_503"},
		{failToken(http.StatusTooManyRequests, ""), "transient", "http_429"},
		{func(_ http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/connect/token" {
				panic(http.ErrAbortHandler) // the connection breaks
			}
			return false
		}, "transient", "network"},
		{func(_ http.ResponseWriter, r *http.Request) bool { return r.URL.Query().Get("prompt") == "none" }, "transient", "timeout"},
	} {
		f.answer(row.fault)
		mark := p.log.mark()
		if got := b.tryRenew(); got != row.code {
			t.Errorf("%q, want %s", got, row.code)
		}
		if said := p.waitEvent(mark, patience, with(is("silent_renew.error"), "outcome", row.code)); said.get("class") != row.class {
			t.Errorf("%s is %q, want %s", row.code, said.get("class"), row.class)
		}
	}
	f.answer(nil)
	if got := b.tryRenew(); got != "" {
		t.Errorf("afterwards: %q", got)
	}
}

// TestR16WrongAnswersAreRefused: each mutation of an answer is refused by its name, the old token stays, and a good answer is
// taken afterwards.
func TestR16WrongAnswersAreRefused(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe"})
	b.signIn("Mick", "MickPassword")
	was := b.claims()
	set := func(name string, value any) func(*http.Response) {
		return alterIDToken(func(claims map[string]any) { claims[name] = value })
	}
	location := func(name, value string) func(*http.Response) {
		return func(answer *http.Response) {
			to, err := url.Parse(answer.Header.Get("Location"))
			if answer.Request.URL.Path != "/connect/authorize" || err != nil || !strings.HasPrefix(to.Path, "/assets/") {
				return
			}
			query := to.Query()
			query.Set(name, value)
			to.RawQuery = query.Encode()
			answer.Header.Set("Location", to.String())
		}
	}
	for _, row := range []struct {
		name, want string
		alter      func(*http.Response)
	}{
		{"state of another request", "state_mismatch", location("state", "another")},
		{"iss of another provider in the response (RFC 9207)", "issuer_mismatch", location("iss", "https://evil.example")},
		{"iss of another provider in the ID token", "issuer_mismatch", set("iss", "https://evil.example")},
		{"aud of another client", "audience_mismatch", set("aud", "another-client")},
		{"azp of another client", "azp_mismatch", set("azp", "another-client")},
		{"nonce of another request", "invalid_response", set("nonce", "another")}, // the library compares it first
		{"an ID token that has expired", "id_token_expired", set("exp", 1000)},
		{"an ID token from the future", "id_token_from_the_future", set("iat", 99999999999)},
		{"auth_time of another sign-in", "auth_time_mismatch", set("auth_time", 1000)},
		{"sid of another session", "sid_mismatch", set("sid", "another")},
		{"a signature that does not fit", "signature_invalid", set("amr", []string{"none"})},
	} {
		f.alter(row.alter)
		if got := b.tryRenew(); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
		if now := b.claims(); now.ID != was.ID {
			t.Errorf("%s: the old token was replaced", row.name)
		}
		f.alter(nil)
	}
	// Somebody else's subject: the user is asked. userinfo answers for the subject of the access token, so it is left out here.
	b.configure(map[string]any{"strategy": "iframe", "loadUserInfo": false})
	f.alter(set("sub", "somebody-else"))
	if got := b.tryRenew(); got != "login_required" { // the library compares it first, and calls it so
		t.Errorf("another subject: %q, want login_required", got)
	}
	f.alter(nil)
	p.waitEvent(0, patience, is("silent_renew.error"))
	if now := b.claims(); now.ID != was.ID {
		t.Error("the old token was replaced")
	}
	b.open("/")
	if got := b.tryRenew(); got != "" || b.claims().ID == was.ID {
		t.Errorf("a good answer was not taken: %q", got)
	}
}

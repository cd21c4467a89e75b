package walk

import (
	"encoding/json"
	"testing"
)

// boundRenewal renews silently with a bound token, as oidc-client-ts does it by itself, and uses the token wherever the page
// does: at userinfo, at the API and for a fragment of our own, whose proofs the page makes by the table in its configuration.
const boundRenewal = `(async () => {
  const { UserManager, IndexedDbDPoPStore, WebStorageStateStore } = await import("oidc-client-ts");
  const config = JSON.parse(document.getElementById("client-config").textContent);
  const manager = new UserManager({
    authority: config.authority, client_id: "spa-client", scope: "openid profile companyApi", loadUserInfo: false,
    redirect_uri: location.origin + "/signin-callback", silent_redirect_uri: location.origin + "/assets/silent-callback.html",
    userStore: new WebStorageStateStore({ prefix: "bound.", store: sessionStorage }),
    dpop: { store: new IndexedDbDPoPStore(), bind_authorization_code: true },
  });
  const user = await manager.signinSilent();
  let nonces = 0;
  const ask = async (url, headers) => { // once more when the answer names a nonce (RFC 9449 §9)
    let answer = await fetch(url, { headers: await headers() });
    const nonce = answer.headers.get("DPoP-Nonce");
    if (answer.status === 401 && nonce) {
      nonces++;
      answer = await fetch(url, { headers: await headers(nonce) });
    }
    return answer;
  };
  const Authorization = "DPoP " + user.access_token;
  const prove = (url, method, nonce) => manager.dpopProof(url, user, method, nonce);
  const own = (url) => ask(url, async (nonce) => ({ Authorization, DPoP: await prove(url, "GET", nonce) }));
  const { calls } = config.calls.find((row) => row.method === "GET" && row.path === "/companies");
  const fragment = await ask("/companies", async (nonce) => ({ Authorization, "HX-Request": "true", "X-DPoP-Forward":
    (await Promise.all(calls.map((call) => { const [method, path] = call.split(" "); return prove(config.api + path, method, nonce); }))).join(", ") }));
  return JSON.stringify({
    type: user.token_type,
    role: (await (await own(config.authority + "/connect/userinfo")).json()).role,
    api: (await own(config.api + "/api/companies")).status,
    fragment: fragment.status, companies: (await fragment.text()).includes("IT_Solutions Ltd"),
    stolen: (await fetch(config.api + "/api/companies", { headers: { Authorization: "Bearer " + user.access_token } })).status,
    nonces,
  });
})()`

func TestRFC9449ABoundTokenInABrowser(t *testing.T) {
	p, b := walk(t)
	b.signIn("Mick", "MickPassword")
	b.open("/")
	for _, nonces := range []int{0, 3} { // where nonces are required, userinfo, API and fragment each ask for theirs once
		if nonces > 0 {
			for _, option := range []string{"DPoP.RequireNonce", "Api.DPoP.RequireNonce"} {
				p.sql("INSERT INTO ServerOptions (Name, Value) VALUES (?, 'true')", option)
			}
		}
		want := map[string]any{"type": "DPoP", "role": "Admin", "api": 200.0, "fragment": 200.0, "companies": true, "stolen": 401.0, "nonces": float64(nonces)}
		var got map[string]any
		if err := json.Unmarshal([]byte(eval[string](b, boundRenewal)), &got); err != nil {
			t.Fatal(err)
		}
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("with %d nonces: %s is %v, want %v", nonces, name, got[name], want[name])
			}
		}
	}
}

package spa

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"silentrenew/views"
)

// strategiesPage serves GET /strategies: what each way to keep a session alive is good for (E6).
func (s *Server) strategiesPage(*gin.Context) page {
	model := views.StrategiesPage{Page: origin(s.url), Provider: origin(s.provider), OtherSite: !sameSite(s.url, s.provider), Lab: s.cfg.Lab}
	for _, one := range strategies {
		if one.Name != "bff" || s.bff != nil {
			model.Strategies = append(model.Strategies, one)
		}
	}
	return page{name: "strategies", title: "Strategies", content: views.Strategies(model)}
}

// sameSite reports whether a page and the provider are one site, as cookies count it: scheme and registrable domain, whatever the
// port (RFC 6265bis §5.2). Without the list of public suffixes the last two labels must do for the domain.
func sameSite(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && siteOf(a.Hostname()) == siteOf(b.Hostname())
}

func siteOf(host string) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return host
	}
	labels := strings.Split(host, ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

// strategies in the order of their history.
var strategies = []views.Strategy{
	{
		Name: "none", Settings: `{"strategy":"none","dpop":null}`, Title: "None",
		How:    "The token expires and the user presses Login. While the provider's session lives that takes no password.",
		Tokens: "in the page, until exp",
		Protects: []string{
			"a stolen token working for longer than its lifetime",
			"a session kept alive that nobody sits in front of",
		},
		Needs:  []string{"nothing but the sign-in itself"},
		Breaks: []string{"any form that takes longer than a token lives (drafts help)"},
	},
	{
		Name: "iframe", Settings: `{"strategy":"iframe","dpop":null}`, Title: "Hidden frame",
		How:    "A hidden iframe opens the authorization endpoint with prompt=none; the provider's cookie answers with a code (OIDC Core §3.1.2.1). renew.js adds what the library lacks.",
		Tokens: "in the page; no refresh token anywhere",
		Protects: []string{
			"a long-lived credential in the browser: there is none",
			"a session that outlives the one at the provider: its logout stops the renewals",
		},
		Needs:  []string{"the provider's cookie inside a frame: one site, or third-party cookies allowed", "a redirect URI for the silent page", "a page that is open"},
		Breaks: []string{"blocked third-party cookies (Safari, Firefox, Chromium with the switch)", "X-Frame-Options or frame-ancestors on the answer", "script injected into the page: it can do what the page can"},
	},
	{
		Name: "refresh", Settings: `{"strategy":"refresh","dpop":null}`, Title: "Refresh token, rotating",
		How:    "The page exchanges a refresh token for the next one at every renewal (RFC 6749 §6). Using one twice ends the whole family (RFC 9700 §4.14.2).",
		Tokens: "in the page, the refresh token with them, in a store that all tabs share",
		Protects: []string{
			"blocked cookies: no frame, no cookie, one request",
			"a copied refresh token used unnoticed: the second use is an alarm",
		},
		Needs:  []string{"offline_access, or a provider that gives refresh tokens to public clients", "one renewal at a time in all tabs (Web Locks), or a grace at the provider", "CORS on the token endpoint"},
		Breaks: []string{"script injected into the page: it can take the refresh token and wait", "a lost answer without a grace: both sides look like thieves", "an ended provider session goes unnoticed until somebody asks"},
	},
	{
		Name: "refresh-dpop", Settings: `{"strategy":"refresh","dpop":true}`, Title: "Refresh token bound to a key (DPoP)",
		How:    "As before, and every use carries a proof signed with a private key that the browser does not let go of (RFC 9449).",
		Tokens: "in the page; worthless without the key",
		Protects: []string{
			"copies: a token in a log, in a backup or on another machine opens nothing",
			"a stolen refresh token: it is bound to the key as well",
		},
		Needs:  []string{"WebCrypto, IndexedDB and a clock that is about right", "a provider and an API that verify proofs"},
		Breaks: []string{"script injected into the page: it cannot take the key away, but it can use it while the page is open", "a browser that forgets the key: sign in again"},
	},
	{
		Name: "bff", Settings: `{"strategy":"bff","dpop":null}`, Title: "Backend for frontend",
		How:    "This site's server signs in as a confidential client, keeps the tokens, renews them and calls the API. The browser has a cookie that no script can read.",
		Tokens: "on the server, sealed; none in the browser",
		Protects: []string{
			"taking tokens away: there are none to take",
			"blocked cookies: ours is first-party, and no frame is needed",
			"sessions that cannot be ended: the provider tells the server (back-channel logout)",
		},
		Needs:  []string{"a server with a store, and a client secret", "protection against forged requests: SameSite, a header, Fetch Metadata", "every call of the API to go through it"},
		Breaks: []string{"script injected into the page: it can send requests while the page is open, though it takes nothing with it", "a server that is down: nobody is signed in"},
	},
}

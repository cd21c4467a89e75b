// Package spa is the web server of the client, in the words of RFC 6749 §1.1: the relying party of OIDC Core §1.2.
//
// Its pages hold the tokens in the browser, unless the strategy is bff. The server renders HTML: a page that shows data is asked
// for with the bearer token in the Authorization header, the handler hands the token on to the API and renders what comes
// back. Whoever opens such a page by its address gets the frame of the page first, because a navigation carries no token;
// the script then asks for the content.
//
//   - home.go, companies.go, privacy.go, unauthorized.go, settings.go, workshop.go: the pages.
//   - signin_callback.go, silent_callback.go, signout_callback.go: where the provider sends the browser back to.
//   - companies_client.go: the one way to the API.
//   - page_events.go takes the events of the page onto the bus, event_stream.go shows the bus to the page.
//   - headers.go: what browsers may do with our pages, each header with its reason.
//
// The renewal of tokens in the browser is the page's business: static/js/strategy.js and its neighbours.
//
// # The backend for frontend
//
// Under the strategy bff this server is a second client, bff-client, a confidential one (RFC 6749 §2.1), and the browser has a cookie and no
// token. Its story:
//
//   - bff_login.go: GET /bff/login sends the browser to the provider with PKCE, state and nonce; GET /bff/callback exchanges the code, verifies
//     the ID token (bff_tokens.go) and starts a session under a fresh handle (bff_cookie.go).
//   - bff_records.go: sessions are records in the database, sealed with a key that only the cookie gives.
//   - bff_caller.go: a page's handler takes the token from the request or from the session; then it calls the API as ever.
//   - bff_renew.go: a token near its end is renewed with the refresh token, once for all who wait, on this process and its replicas.
//   - bff_session.go: GET /bff/session tells the page who is signed in and until when, and nothing that could be used elsewhere.
//   - bff_logout.go: POST /bff/logout ends the session here, gives the refresh token back (RFC 7009) and leads to the provider's end session endpoint.
//   - bff_backchannel.go: POST /bff/backchannel-logout hears from the provider's server that a session has ended (Back-Channel Logout §2.5).
//   - bff_csrf.go: what keeps pages of other origins from acting with the cookie.
//   - bff_provider.go: discovery, keys and the HTTP client for the provider.
//
// Decision notes 0037 and 0038 say why it is built so.
package spa

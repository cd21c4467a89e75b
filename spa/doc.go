// Package spa is the web server of the client, in the words of RFC 6749 §1.1: the relying party of OIDC Core §1.2.
//
// Its pages hold the tokens in the browser. The server renders HTML and has no session: a page that shows data is asked
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
// The renewal itself is the page's business: static/js/auth.js.
package spa

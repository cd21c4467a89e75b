// Package idp is the OpenID Provider: the authorization server of RFC 6749 §1.1 and the OP of OIDC Core §1.2.
//
// # The walk of one silent renew
//
// A page holds an access token that is about to expire. It opens a hidden iframe with an authorization request that says
// prompt=none: answer at once, show nothing.
//
//   - handle.go reads the form, calls the handler, has its error written where it belongs and emits one event.
//   - authorize.go reads like a table of contents. First it finds the client and compares the redirect URI; until that
//     has succeeded an error is a page, from then on it goes back to the client (RFC 6749 §4.1.2.1).
//   - authorization_request.go checks every parameter; pkce.go and scope.go help.
//   - session.go turns the cookie into a session, or nothing, and slides it when that is switched on.
//   - prompt.go decides, from plain values: hand out a code, ask for login, ask for consent, or refuse with
//     login_required or consent_required (OIDC Core §3.1.2.6).
//   - authorization_response.go stores the code with everything the token endpoint will compare, and sends the browser
//     to the client's silent callback page, which hands the URL to the page that opened the iframe.
//   - The page posts code and code_verifier to token.go, which dispatches to grant_authorization_code.go: take the code
//     exactly once, compare client, redirect URI and verifier, then mint (idtoken.go, accesstoken.go; reference_token.go
//     where the row says so).
//   - With the new access token the page asks userinfo.go who the user is. Nobody saw a thing.
//
// A client with a refresh token needs no iframe: it posts the token to token.go, and grant_refresh_token.go gives it new ones
// (RFC 6749 §6). refresh_token.go says who gets one and how long it lives.
//
// The iframe's renewal ends with the session: when the cookie's time is up, prompt.go says login_required, and the page shows its
// login link again. That the cookie decides, and not the token, is what the project is about.
//
// # Endpoint map
//
//	GET       /.well-known/openid-configuration       discovery.go     OIDC Discovery §4
//	GET       /.well-known/oauth-authorization-server discovery.go     RFC 8414 §3
//	GET       /.well-known/openid-configuration/jwks  jwks.go          RFC 7517 §5
//	GET POST  /connect/authorize                      authorize.go     RFC 6749 §4.1.1, OIDC Core §3.1.2
//	          its parameters                          claims_parameter.go, request_object.go OIDC Core §5.5, RFC 9101
//	          and those for an API by its URI         resource_indicator.go RFC 8707, also at the back channel
//	          its answer                              response_mode.go query, fragment or form_post
//	GET       /connect/authorize/callback             authorize.go     the way back from our own pages
//	POST      /connect/par                            pushed_authorization.go RFC 9126 §2
//	          or by reference                         request_uri.go   RFC 9101 §5.2, OIDC Core §6.2
//	POST      /connect/register                       registration.go  OIDC Registration §3, RFC 7591 §3
//	GET PUT DELETE /connect/register/{client_id}      registration.go  RFC 7592 §2
//	POST      /connect/token                          token.go         RFC 6749 §4.1.3, §4.4, §6, RFC 8628 §3.4, RFC 8693 §2, OIDC Core §3.1.3, §12
//	          acting for a user                       grant_token_exchange.go, delegation.go RFC 8693
//	GET POST  /connect/userinfo                       userinfo.go      OIDC Core §5.3
//	POST      /connect/revocation                     revocation.go    RFC 7009 §2
//	POST      /connect/introspect                     introspection.go RFC 7662 §2
//	POST      /connect/deviceauthorization            device_authorization.go RFC 8628 §3.1
//	GET POST  /connect/endsession                     endsession.go    RP-Initiated Logout §2
//	          tells the clients                       frontchannel_logout.go, backchannel_logout.go
//	GET       /connect/checksession                   checksession.go  Session Management §3.3
//	GET POST  /account/login                          login.go
//	GET POST  /account/logout                         endsession.go
//	GET POST  /consent                                consent.go
//	GET POST  /device                                 device.go        RFC 8628 §3.3
//	GET       /                                       home.go
//	GET       /healthz                                home.go
//	GET PATCH /lab/…                                  lab.go           in Lab mode only
//
// # Tokens that only their owner can use
//
// A client that sends a proof of possession with its token request (RFC 9449) gets an access token that is bound to its key.
// internal/dpop checks proofs, for us and for the API; dpop.go says where they are wanted: token and pushed requests, userinfo.
//
// # Calls we make
//
// outgoing.go is the one way from here to a client's server: https only, no private address, no redirect, and a time limit.
// A client's server that hangs costs nobody anything but an event. Calls under way when the program ends are waited for.
//
// # What nobody asks for
//
// upkeep.go makes and retires signing keys (package keyring) and ends the sessions whose time is up, with the tokens of the
// clients that tie their lifetime to the session; these clients are told.
//
// # Where an error goes
//
// Handlers return an error; error_writers.go writes it. Before client and redirect URI are known: a page. After: a
// redirect with error, state and iss. Token endpoint: JSON. Userinfo: WWW-Authenticate. What is no [Error] becomes
// server_error, and its cause stays in our log.
//
// # Reading list
//
//   - RFC 5869, HMAC-based Key Derivation Function: https://www.rfc-editor.org/rfc/rfc5869
//   - RFC 6749, The OAuth 2.0 Authorization Framework: https://www.rfc-editor.org/rfc/rfc6749
//   - RFC 6750, Bearer Token Usage: https://www.rfc-editor.org/rfc/rfc6750
//   - RFC 7009, Token Revocation: https://www.rfc-editor.org/rfc/rfc7009
//   - RFC 7517, JSON Web Key: https://www.rfc-editor.org/rfc/rfc7517
//   - RFC 7519, JSON Web Token: https://www.rfc-editor.org/rfc/rfc7519
//   - RFC 7521, Assertion Framework: https://www.rfc-editor.org/rfc/rfc7521
//   - RFC 7523, JWT Profile for Client Authentication: https://www.rfc-editor.org/rfc/rfc7523
//   - RFC 7591, Dynamic Client Registration: https://www.rfc-editor.org/rfc/rfc7591
//   - RFC 7592, Dynamic Client Registration Management: https://www.rfc-editor.org/rfc/rfc7592
//   - RFC 7636, Proof Key for Code Exchange: https://www.rfc-editor.org/rfc/rfc7636
//   - RFC 7638, JSON Web Key Thumbprint: https://www.rfc-editor.org/rfc/rfc7638
//   - RFC 7662, Token Introspection: https://www.rfc-editor.org/rfc/rfc7662
//   - RFC 7800, Proof-of-Possession Key Semantics: https://www.rfc-editor.org/rfc/rfc7800
//   - RFC 8176, Authentication Method Reference Values: https://www.rfc-editor.org/rfc/rfc8176
//   - RFC 8252, OAuth 2.0 for Native Apps: https://www.rfc-editor.org/rfc/rfc8252
//   - RFC 8414, Authorization Server Metadata: https://www.rfc-editor.org/rfc/rfc8414
//   - RFC 8628, Device Authorization Grant: https://www.rfc-editor.org/rfc/rfc8628
//   - RFC 8693, Token Exchange: https://www.rfc-editor.org/rfc/rfc8693
//   - RFC 8707, Resource Indicators: https://www.rfc-editor.org/rfc/rfc8707
//   - RFC 8725, JSON Web Token Best Current Practices: https://www.rfc-editor.org/rfc/rfc8725
//   - RFC 9068, JWT Profile for Access Tokens: https://www.rfc-editor.org/rfc/rfc9068
//   - RFC 9101, JWT-Secured Authorization Request: https://www.rfc-editor.org/rfc/rfc9101
//   - RFC 9110, HTTP Semantics: https://www.rfc-editor.org/rfc/rfc9110
//   - RFC 9126, Pushed Authorization Requests: https://www.rfc-editor.org/rfc/rfc9126
//   - RFC 9207, Authorization Server Issuer Identification: https://www.rfc-editor.org/rfc/rfc9207
//   - RFC 9449, Demonstrating Proof of Possession: https://www.rfc-editor.org/rfc/rfc9449
//   - RFC 9457, Problem Details for HTTP APIs: https://www.rfc-editor.org/rfc/rfc9457
//   - RFC 9700, Best Current Practice for OAuth 2.0 Security: https://www.rfc-editor.org/rfc/rfc9700
//   - FAPI 2.0 Security Profile: https://openid.net/specs/fapi-security-profile-2_0-final.html
//   - OIDC Core: https://openid.net/specs/openid-connect-core-1_0.html
//   - OIDC Registration: https://openid.net/specs/openid-connect-registration-1_0.html
//   - OIDC Discovery: https://openid.net/specs/openid-connect-discovery-1_0.html
//   - Session Management: https://openid.net/specs/openid-connect-session-1_0.html
//   - RP-Initiated Logout: https://openid.net/specs/openid-connect-rpinitiated-1_0.html
//   - Front-Channel Logout: https://openid.net/specs/openid-connect-frontchannel-1_0.html
//   - Back-Channel Logout: https://openid.net/specs/openid-connect-backchannel-1_0.html
//   - OAuth 2.0 Multiple Response Types: https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html
//   - OAuth 2.0 Form Post Response Mode: https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html
package idp

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
//	          what the answer carries                 response_type.go a code; tokens where clients register themselves
//	          and how it travels                      response_mode.go query, fragment or form_post
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
//	GET       /connect/checksession                   checksession.go  Session Management §3.2
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
// # Specifications, and what of each works
//
// What is not named after "Not" works as far as an authorization server has a part in it; a test named by its clause shows it, and another
// that this list and the citations in the code are about the same things.
//
//   - OIDC Core: https://openid.net/specs/openid-connect-core-1_0.html
//     Works: codes (§3.1), and where clients register themselves id_token and id_token token (§3.2) and code id_token (§3.3,
//     §15.2); logins that the provider begins (§4); all claims with their types (§5.1), at userinfo (§5.3) by scope value
//     (§5.4) or asked for by name (§5.5), acr among them; request objects by value and by reference (§6.1, §6.2); public and
//     pairwise subjects (§8); the five methods of client authentication (§9), of which a client that signs names the issuer
//     as audience unless its row says otherwise; signatures by RS256, PS256, ES256 and EdDSA with keys that rotate (§10.1);
//     offline_access (§11) and refresh (§12). Not: encryption (§10.2), aggregated and distributed claims (§5.6), claims in
//     several languages (§5.2), the registration parameter and self-issued providers (§7). Display, ui_locales and
//     claims_locales are taken and change nothing; the one acr is "1".
//   - OIDC Discovery: https://openid.net/specs/openid-connect-discovery-1_0.html
//     Works: the document and its address (§3, §4), which lists what works and nothing else. Not: WebFinger (§2).
//   - OIDC Registration: https://openid.net/specs/openid-connect-registration-1_0.html
//     Works: all metadata of §2 that has a use here, pairwise sectors (§5), registration with its errors (§3), and reading
//     it back (§4) by RFC 7592. Closed unless configured. Not: encryption, and names in several languages (§2.1).
//   - Session Management: https://openid.net/specs/openid-connect-session-1_0.html
//     Works: session_state, on errors too (§2), the frame that answers for it (§3.2), in old script engines as well, and its
//     address in discovery (§3.3).
//   - RP-Initiated Logout: https://openid.net/specs/openid-connect-rpinitiated-1_0.html
//     Works: GET and POST, id_token_hint also when expired, client_id (§2), exact post_logout_redirect_uris with state (§3),
//     discovery (§2.1). Not: logout_hint and ui_locales are taken and change nothing.
//   - Front-Channel Logout: https://openid.net/specs/openid-connect-frontchannel-1_0.html
//     Works: a frame for each client of the session, with iss and sid (§2, §3).
//   - Back-Channel Logout: https://openid.net/specs/openid-connect-backchannel-1_0.html
//     Works: a logout token (§2.4) to each client of the session at once (§2.5); an end by time tells them too. Not: a
//     second attempt after a failure, which is an event instead.
//   - OAuth 2.0 Multiple Response Types: https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html
//     Works: response modes query and fragment (§2.1), response types code, and where clients register themselves id_token
//     (§3), id_token token and code id_token (§5). Not: none (§4), code token and code id_token token (§5).
//   - OAuth 2.0 Form Post Response Mode: https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html
//     Works: all of it (§2), with a button where no script runs.
//   - FAPI 2.0 Security Profile: https://openid.net/specs/fapi-security-profile-2_0-final.html
//     Works: what a row asks for: pushed requests, PKCE, private_key_jwt with the issuer as audience, tokens bound by DPoP,
//     codes of 60 seconds (§5.3.2). Not: mutual TLS, for authentication or for binding. No switch turns it on for everybody.
//   - RFC 5869, HMAC-based Key Derivation Function: https://www.rfc-editor.org/rfc/rfc5869
//     Works: keys for what is encrypted at rest (package seal).
//   - RFC 6749, The OAuth 2.0 Authorization Framework: https://www.rfc-editor.org/rfc/rfc6749
//     Works: codes (§4.1), client credentials (§4.4), refresh tokens (§6); errors where §4.1.2.1 and §5.2 want them; public
//     and confidential clients (§2.1), by Basic or in the form (§2.3.1). Not: passwords (§4.3), and tokens alone in the
//     front channel (§4.2), as RFC 9700 wants it.
//   - RFC 6750, Bearer Token Usage: https://www.rfc-editor.org/rfc/rfc6750
//     Works: in the header (§2.1) and in the form (§2.2), with the challenges of §3. Not: in the URL (§2.3): refused.
//   - RFC 7009, Token Revocation: https://www.rfc-editor.org/rfc/rfc7009
//     Works: access and refresh tokens, the latter with all that descends from the same sign-in (§2.1, §2.2). Not: JSONP
//     (§2.3).
//   - RFC 7517, JSON Web Key: https://www.rfc-editor.org/rfc/rfc7517
//     Works: our set, and those of clients by value or by address (§5). Not: encrypted keys (§7), certificates in a key
//     (§4.7).
//   - RFC 7518, JSON Web Algorithms: https://www.rfc-editor.org/rfc/rfc7518
//     Works: RS256, PS256, ES256 for all, HS256, HS384 and HS512 for client_secret_jwt with secrets that are long enough
//     (§3.2); RSA keys of 2048 bits or more (§3.3). Not: key management and encryption (§4, §5).
//   - RFC 7519, JSON Web Token: https://www.rfc-editor.org/rfc/rfc7519
//     Works: signed ones; times are whole seconds (§2), without leeway for our own (§4.1.4). Unsecured ones (§6) as request
//     objects only, where a client's row allows them. Not: encrypted ones.
//   - RFC 7521, Assertion Framework: https://www.rfc-editor.org/rfc/rfc7521
//     Works: for client authentication (§4.2). Not: as a grant (§4.1).
//   - RFC 7523, JWT Profile for Client Authentication: https://www.rfc-editor.org/rfc/rfc7523
//     Works: assertions of clients (§2.2, §3), each taken once, by keys that are fetched again for an unknown kid. Not: as a
//     grant (§2.1).
//   - RFC 7591, Dynamic Client Registration: https://www.rfc-editor.org/rfc/rfc7591
//     Works: §2, §3, with initial access tokens. Not: software statements (§2.3): refused by name.
//   - RFC 7592, Dynamic Client Registration Management: https://www.rfc-editor.org/rfc/rfc7592
//     Works: reading, updating, deleting (§2.1, §2.2, §2.3). The registration access token stays the same.
//   - RFC 7617, The Basic HTTP Authentication Scheme: https://www.rfc-editor.org/rfc/rfc7617
//     Works: for clients (§2).
//   - RFC 7636, Proof Key for Code Exchange: https://www.rfc-editor.org/rfc/rfc7636
//     Works: S256, required unless a row says otherwise; plain for single clients (§4.2, §4.6).
//   - RFC 7638, JSON Web Key Thumbprint: https://www.rfc-editor.org/rfc/rfc7638
//     Works: names of our keys, and of those that tokens are bound to (§3).
//   - RFC 7662, Token Introspection: https://www.rfc-editor.org/rfc/rfc7662
//     Works: for clients that prove who they are (§2.1, §2.2), about tokens they may see (§4). Not: answers as signed JWTs
//     (RFC 9701).
//   - RFC 7800, Proof-of-Possession Key Semantics: https://www.rfc-editor.org/rfc/rfc7800
//     Works: cnf with the thumbprint of a key (§3.1). Not: the other forms of cnf.
//   - RFC 8032, Edwards-Curve Digital Signature Algorithm: https://www.rfc-editor.org/rfc/rfc8032
//     Works: Ed25519 (§5.1), as EdDSA in JOSE. Not: Ed448 (§5.2).
//   - RFC 8176, Authentication Method Reference Values: https://www.rfc-editor.org/rfc/rfc8176
//     Works: pwd (§2): there is no other way to sign in.
//   - RFC 8252, OAuth 2.0 for Native Apps: https://www.rfc-editor.org/rfc/rfc8252
//     Works: private-use schemes (§7.1), claimed https (§7.2), loopback addresses with any port (§7.3).
//   - RFC 8414, Authorization Server Metadata: https://www.rfc-editor.org/rfc/rfc8414
//     Works: the same document as discovery (§2), at the address of §3.1. Not: signed metadata (§2.1).
//   - RFC 8628, Device Authorization Grant: https://www.rfc-editor.org/rfc/rfc8628
//     Works: all of it, with the complete verification URI (§3.3.1), slow_down (§3.5) and limits against guessing (§5.1).
//   - RFC 8693, Token Exchange: https://www.rfc-editor.org/rfc/rfc8693
//     Works: an access token of ours for another of narrower scope, always with act (§2, §4.1) and by leave of may_act
//     (§4.4). Not: impersonation, and tokens of other kinds or providers (§3).
//   - RFC 8707, Resource Indicators: https://www.rfc-editor.org/rfc/rfc8707
//     Works: one or several at the authorization and at the token endpoint (§2, §2.2).
//   - RFC 8725, JSON Web Token Best Current Practices: https://www.rfc-editor.org/rfc/rfc8725
//     Works: one algorithm per key (§3.1), types told apart (§3.11).
//   - RFC 9068, JWT Profile for Access Tokens: https://www.rfc-editor.org/rfc/rfc9068
//     Works: §2.1, §2.2, signed with ES256; audience by the API (§3). A row may have handles instead.
//   - RFC 9101, JWT-Secured Authorization Request: https://www.rfc-editor.org/rfc/rfc9101
//     Works: signed and unsigned as the client's row says, by value and by a registered reference (§5, §5.2, §6.2). Not:
//     encrypted ones (§6.1).
//   - RFC 9110, HTTP Semantics: https://www.rfc-editor.org/rfc/rfc9110
//     Works: conditional requests for our documents (§13.1.2), HEAD (§9.3.2), Allow (§15.5.6).
//   - RFC 9126, Pushed Authorization Requests: https://www.rfc-editor.org/rfc/rfc9126
//     Works: request objects too (§3), errors (§2.3), required where a row says so (§6), each reference used once (§7.3). The
//     audience of an assertion is the issuer alone, or one of our addresses (§2) where the client's row says so.
//   - RFC 9207, Authorization Server Issuer Identification: https://www.rfc-editor.org/rfc/rfc9207
//     Works: iss in every answer, errors included (§2).
//   - RFC 9449, Demonstrating Proof of Possession: https://www.rfc-editor.org/rfc/rfc9449
//     Works: access tokens (§5, §6, §7.1), refresh tokens of public clients (§5), codes by dpop_jkt (§10, §10.1), nonces as
//     an option (§8, §9), each proof taken once across replicas (§11.1).
//   - RFC 9457, Problem Details for HTTP APIs: https://www.rfc-editor.org/rfc/rfc9457
//     Works: errors of the lab and of our own API (§3).
//   - RFC 9700, Best Current Practice for OAuth 2.0 Security: https://www.rfc-editor.org/rfc/rfc9700
//     Works: exact redirect URIs (§2.1), PKCE (§2.1.1), no access token in a URL (§4.3.2), codes and refresh tokens once,
//     with the end of what a stolen one gave (§4.14.2), 303 after a form (§4.12). Not: its advice against response types
//     with a token (§2.1.2) where clients register themselves, since a Dynamic OP must know them (decision 0041).
//   - RFC 9864, Fully-Specified Algorithms for JOSE and COSE: https://www.rfc-editor.org/rfc/rfc9864
//     Works: Ed25519 (§2.2) as a name of EdDSA in what clients sign. Not: in what we sign, which older libraries have to read.
package idp

// Package api is the resource server (RFC 6749 §1.1): a companies REST API that trusts nothing but a valid access token.
//
// It knows the provider by its issuer identifier alone and learns its keys through discovery, as it would from any
// standard provider. A request walks through these files:
//
//	server.go      the route table; CORS for the front end's origin
//	handle.go      the one adapter around every handler: correlation id, event, error
//	bearer.go      takes the token from the request (RFC 6750 §2.1) and verifies it (RFC 9068 §4)
//	dpop.go        who presents a bound token must hold its key (RFC 9449 §7)
//	provider.go    discovery and keys, fetched when first needed, again when a new key id turns up, never too often
//	operations.go  what the API can do: the table that the router and the OpenAPI document are made of
//	rate_limit.go  how much one user of one client may ask (RFC 6585 §4)
//	companies.go   lists companies, page by linked page (RFC 8288), and reads one; company_changes.go creates, replaces,
//	               patches (RFC 7396), deletes and restores
//	etag.go        what the client has already, and what it saw before it changes something (RFC 9110 §13)
//	countries.go   how many companies each country has
//	openapi.go     the document at /api/openapi.json; docs.go shows it to people at /api/docs
//	privacy.go     the claims the API saw, for administrators
//	lab.go         the leeway dial, where learners may turn it
//	error.go       every refusal: RFC 6750 §3 in the header, problem details (RFC 9457) in the body
//
// While the provider cannot be reached the API answers 503 and says so; it never answers 401 for a token it could not check,
// because a client would sign its user out for that.
//
// The leeway says how long after its exp a token is still accepted. It is 0: a token that lives 60 seconds lives 60 seconds.
// Many frameworks allow five minutes without saying so; the option Api.Leeway shows what that means.
//
// A token that the provider has revoked stays good here until its exp: that is the price of a token one can check without
// asking, and a reason for short lifetimes.
package api

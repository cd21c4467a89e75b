// Package config turns the command line and the environment into one [Config], once, before anything else happens.
//
// Every flag has an environment variable: --idp-addr is SILENTRENEW_IDP_ADDR. The command line wins over the environment,
// the environment over the default; an empty variable counts as not set.
//
// Two addresses matter per role and must not be confused. Where we listen (--idp-addr) is between us and the operating
// system. The public URL (--idp-url) is what browsers and clients type, and for the provider it is the issuer identifier,
// which clients compare byte for byte (OIDC Discovery §4.3). They differ behind a proxy, in a container and with port 0,
// so the public URLs are only known after listening: see [Config.URLs].
package config

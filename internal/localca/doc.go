// Package localca lets the three roles speak https on this machine without buying a certificate.
//
// It makes a certificate authority once and keeps it in a folder, and from it a certificate for our hosts. Whoever trusts the
// authority trusts our pages; that is one step by hand, because no program should do it unasked (see [Authority.Advice]).
//
// The authority's key lies in a file, so it is made worthless elsewhere: the authority is constrained to our own hosts
// (RFC 5280 §4.2.1.10), and a thief cannot impersonate a bank with it. The files are readable by their owner only.
package localca

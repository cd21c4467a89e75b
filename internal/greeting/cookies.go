package greeting

import (
	"net/netip"
	"net/url"
	"strings"
)

// cookieWords says which cookies the provider sets and why, and whether they will reach the hidden iframe (I18).
func cookieWords(issuer, page string) string {
	i, errIssuer := url.Parse(issuer)
	p, errPage := url.Parse(page)
	switch {
	case errIssuer != nil || errPage != nil:
		return ""
	case i.Scheme == "https":
		return "SameSite=None; Secure, because the provider is on https"
	case !sameSite(i, p):
		return "SameSite=Lax, because the provider is on http; the front end is another site, so its hidden iframe gets no cookie"
	}
	return "SameSite=Lax, because the provider is on http, where browsers refuse None"
}

// sameSite reports whether a browser sends the Lax cookies of one to a frame of the other: same scheme, and hosts that
// are equal or share their registrable domain, which for this message may be the last two labels.
func sameSite(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && site(a.Hostname()) == site(b.Hostname())
}

func site(host string) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return host
	}
	labels := strings.Split(strings.ToLower(host), ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

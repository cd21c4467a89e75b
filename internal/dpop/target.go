package dpop

import (
	"net/url"
	"strings"
)

// sameTarget reports whether two addresses name the same resource: query and fragment do not count (RFC 9449 §4.3 item 9),
// nor does how the same URI is spelled (RFC 3986 §6.2.2, §6.2.3).
func sameTarget(a, b string) bool {
	one, ok := target(a)
	other, also := target(b)
	return ok && also && one == other
}

// target normalizes an http or https address without its query and fragment. It returns false for anything else.
func target(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Opaque != "" || u.User != nil || u.Hostname() == "" {
		return "", false
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return "", false
	case u.Scheme == "http" && port == "80", u.Scheme == "https" && port == "443":
		port = ""
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" {
		host += ":" + port
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return u.Scheme + "://" + host + normalPath(path), true
}

// normalPath writes percent-encoded characters the one way: as themselves where they need no encoding, else with upper-case
// digits. It does not touch dots and slashes, which are for a router to judge.
func normalPath(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' || i+2 >= len(path) {
			b.WriteByte(path[i])
			continue
		}
		triplet := strings.ToUpper(path[i : i+3])
		if c := unhex(triplet[1])<<4 | unhex(triplet[2]); unreserved(c) {
			b.WriteByte(c)
		} else {
			b.WriteString(triplet)
		}
		i += 2
	}
	return b.String()
}

func unhex(c byte) byte {
	if c >= 'A' {
		return c - 'A' + 10
	}
	return c - '0'
}

// unreserved reports whether a character of a URI never needs encoding (RFC 3986 §2.3).
func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

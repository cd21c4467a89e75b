package idp

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/url"
	"strings"
)

// sessionState returns the session_state response parameter (Session Management §2, §3.2): a hash over the client, its origin
// and the browser state at the provider, which is the session id in the readable cookie, "" when signed out. The page in
// checksession.go computes the same from the cookie and so notices a change without a request. It returns "" for a
// redirect URI that has no origin, such as that of a native app.
//
// It is hex, so that a learner can check it: printf '%s' 'client origin sid salt' | sha256sum.
func sessionState(clientID, redirectURI, sid string) string {
	origin := originOf(redirectURI)
	if origin == "" {
		return ""
	}
	return saltedSessionState(clientID, origin, sid, rand.Text())
}

func saltedSessionState(clientID, origin, sid, salt string) string {
	sum := sha256.Sum256([]byte(clientID + " " + origin + " " + sid + " " + salt))
	return hex.EncodeToString(sum[:]) + "." + salt
}

// originOf returns the origin of an http or https URL as a browser writes it (RFC 6454 §6.2): lower case, the default
// port left out. It returns "" for any other URL.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return ""
	case port == "", u.Scheme == "http" && port == "80", u.Scheme == "https" && port == "443":
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return u.Scheme + "://" + host
	}
	return u.Scheme + "://" + net.JoinHostPort(host, port)
}

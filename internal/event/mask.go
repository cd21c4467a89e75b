package event

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// secretParameters are the request parameters whose value would let a reader of the log act for the user or the client, by the
// letters of their names: a secret stays one in client_secret[] and in clientSecret.
var secretParameters = map[string]bool{
	"accesstoken": true, "assertion": true, "clientassertion": true, "clientsecret": true, "code": true,
	"codeverifier": true, "devicecode": true, "idtoken": true, "idtokenhint": true, "password": true, "secret": true,
	"refreshtoken": true, "request": true, "subjecttoken": true, "actortoken": true, "token": true, "usercode": true,
	"dpop": true, "initialaccesstoken": true, "logouttoken": true, "registrationaccesstoken": true, "softwarestatement": true,
}

// secret reports whether a parameter of this name is one of them.
func secret(name string) bool {
	letters := make([]byte, 0, maxNameLength)
	for _, r := range name {
		if unicode.IsLetter(r) {
			letters = utf8.AppendRune(letters, unicode.ToLower(r))
		}
	}
	return secretParameters[string(letters)]
}

// signed is what a JWT in compact form looks like (RFC 7519 §3.1). One that came under another name is no less a secret.
var signed = regexp.MustCompile(signedBegins + `[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`)

// signedBegins is {" in base64url, with which a JOSE header begins. To look for it is cheap.
const signedBegins = "eyJ"

const (
	masked        = "***"
	maxParameters = 40  // of one event; who sends more is not telling us anything
	maxValueRunes = 500 // longer values are cut
	maxNameLength = 64  // bytes; longer names are no names
)

// Mask returns the parameters of a request as an event may carry them: secrets replaced, repeated values joined by a
// space, long values cut, line breaks and other control characters replaced so that no value can forge a log line.
func Mask(values url.Values) map[string]string {
	out := make(map[string]string, len(values))
	for name, all := range values {
		if len(out) == maxParameters {
			break
		}
		value, shown := strings.Join(all, " "), printableName(name)
		switch {
		case value != "" && (shown == masked || secret(name)):
			value = masked
		case strings.Contains(value, signedBegins):
			value = signed.ReplaceAllLiteralString(value, masked)
		}
		out[shown] = Printable(value, maxValueRunes)
	}
	return out
}

// printableName returns a parameter's name. A body in JSON or a token that was sent as a form arrives as a name, with its secrets.
func printableName(name string) string {
	if len(name) > maxNameLength || strings.ContainsAny(name, `{}"`) || strings.Contains(name, signedBegins) && signed.MatchString(name) {
		return masked
	}
	return Printable(name, maxNameLength)
}

// Printable returns s with everything replaced that is not text to look at, cut to at most max runes: control characters,
// invalid UTF-8, line separators, and the invisible ones that change in which direction a terminal writes.
func Printable(s string, max int) string {
	if len(s) <= max && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return s // as nearly all are
	}
	if utf8.RuneCountInString(s) > max {
		s = string([]rune(s)[:max]) + "…"
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '�'
		}
		return r
	}, s)
}

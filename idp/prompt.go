package idp

import (
	"strings"
	"time"
)

// Prompt is the prompt parameter, parsed (OIDC Core §3.1.2.1). The zero value is a request that leaves it to us.
type Prompt struct {
	None          bool // answer at once, show nothing
	Login         bool // ask for the password even of a user who is signed in
	Consent       bool // ask for consent even if it was given
	SelectAccount bool // let the user choose who they are
}

func parsePrompt(sent string) (Prompt, error) {
	var prompt Prompt
	for value := range strings.SplitSeq(sent, " ") {
		switch value {
		case "":
		case "none":
			prompt.None = true
		case "login":
			prompt.Login = true
		case "consent":
			prompt.Consent = true
		case "select_account":
			prompt.SelectAccount = true
		default:
			return Prompt{}, refuse(InvalidRequest, "prompt must be made of none, login, consent and select_account")
		}
	}
	if prompt.None && (prompt.Login || prompt.Consent || prompt.SelectAccount) {
		return Prompt{}, refuse(InvalidRequest, "prompt none cannot be combined with other values")
	}
	return prompt, nil
}

// situation is everything the decision depends on.
type situation struct {
	prompt      Prompt
	maxAge      *time.Duration // nil when not asked for
	loginAfter  time.Time      // from when on a login is one that this request asked for; zero when it did not
	hint        string         // subject of the id_token_hint or the claims parameter, "" when there is none
	hintUnknown bool           // there is an id_token_hint but we cannot tell whose it is

	signedIn    bool
	subject     string
	authTime    time.Time
	ssoLifetime time.Duration // how old a login this client accepts; 0 = any

	consentMissing bool // the client needs a consent that nobody has given yet
	consentGiven   bool // the user has just allowed it, on our page
	now            time.Time
}

// action is what to do with an authorization request.
type action int

const (
	issue action = iota
	askForLogin
	askForConsent
)

// decide answers an authorization request that is in order (OIDC Core §3.1.2.3, §3.1.2.4): hand out a code, or show a
// page first, and why. Where prompt=none forbids the page, the error is the one of OIDC Core §3.1.2.6.
func decide(s situation) (action, string, error) {
	if s.hintUnknown && !s.prompt.None {
		return issue, "", refuse(InvalidRequest, "id_token_hint is no ID token of this provider")
	}
	if why := s.loginNeeded(); why != "" {
		switch {
		case s.prompt.None:
			return issue, "", refuse(LoginRequired, "%s", why)
		case s.signedIn && s.loggedInOnRequest() && s.otherUser():
			// The user logged in as somebody else than the client asked for: OIDC Core §3.1.2.1, id_token_hint.
			return issue, "", refuse(LoginRequired, "%s", why)
		}
		return askForLogin, why, nil
	}
	if why := s.consentNeeded(); why != "" {
		if s.prompt.None {
			return issue, "", refuse(ConsentRequired, "%s", why)
		}
		return askForConsent, why, nil
	}
	return issue, "", nil
}

// loginNeeded says why the session will not do, "" when it will.
func (s situation) loginNeeded() string {
	age := s.now.Sub(s.authTime)
	fresh := s.loggedInOnRequest()
	switch {
	case !s.signedIn:
		return "nobody is signed in"
	case s.hintUnknown:
		return "id_token_hint is no ID token of this provider"
	case s.otherUser():
		return "the request names another user than the one who is signed in"
	case s.ssoLifetime > 0 && age > s.ssoLifetime:
		return "the login is older than this client accepts (UserSsoLifetime)"
	case fresh:
		return ""
	case s.prompt.Login:
		return "prompt=login asks for the password again"
	case s.prompt.SelectAccount:
		return "prompt=select_account lets the user choose"
	case s.maxAge != nil && (age > *s.maxAge || *s.maxAge == 0): // 0 is prompt=login by another name
		return "the login is older than max_age"
	}
	return ""
}

// loggedInOnRequest reports whether the user has logged in since this very request asked for it.
func (s situation) loggedInOnRequest() bool {
	return !s.loginAfter.IsZero() && !s.authTime.Before(s.loginAfter)
}

func (s situation) otherUser() bool { return s.hint != "" && s.hint != s.subject }

// consentNeeded says why the user has to be asked, "" when not.
func (s situation) consentNeeded() string {
	switch {
	case s.consentGiven:
		return ""
	case s.prompt.Consent:
		return "prompt=consent asks for consent again"
	case s.consentMissing:
		return "the user has not consented to what the client asks for"
	}
	return ""
}

package idp

import (
	"errors"
	"testing"
	"time"
)

func TestDecide(t *testing.T) { // OIDC Core §3.1.2.1, §3.1.2.3, §3.1.2.4, §3.1.2.6
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	mick := situation{signedIn: true, subject: "mick", authTime: now.Add(-time.Hour), now: now}
	nobody := situation{now: now}
	with := func(s situation, change func(*situation)) situation { change(&s); return s }
	age := func(d time.Duration) *time.Duration { return &d }

	for name, row := range map[string]struct {
		situation
		want action
		code Code // of the error, "" when there is none
	}{
		"signed in":                                {mick, issue, ""},
		"signed out":                               {nobody, askForLogin, ""},
		"signed out, none → login_required":        {with(nobody, func(s *situation) { s.prompt.None = true }), issue, LoginRequired},
		"signed in, none":                          {with(mick, func(s *situation) { s.prompt.None = true }), issue, ""},
		"login":                                    {with(mick, func(s *situation) { s.prompt.Login = true }), askForLogin, ""},
		"login, done since":                        {with(mick, func(s *situation) { s.prompt.Login, s.loginAfter = true, s.authTime }), issue, ""},
		"login, done before that":                  {with(mick, func(s *situation) { s.prompt.Login, s.loginAfter = true, s.authTime.Add(time.Second) }), askForLogin, ""},
		"select_account":                           {with(mick, func(s *situation) { s.prompt.SelectAccount = true }), askForLogin, ""},
		"max_age not reached":                      {with(mick, func(s *situation) { s.maxAge = age(time.Hour) }), issue, ""},
		"max_age passed":                           {with(mick, func(s *situation) { s.maxAge = age(time.Hour - time.Second) }), askForLogin, ""},
		"max_age passed, none → login_required":    {with(mick, func(s *situation) { s.maxAge, s.prompt.None = age(time.Minute), true }), issue, LoginRequired},
		"max_age 0 in the very second":             {with(mick, func(s *situation) { s.maxAge, s.authTime = age(0), s.now }), askForLogin, ""},
		"UserSsoLifetime not reached":              {with(mick, func(s *situation) { s.ssoLifetime = time.Hour }), issue, ""},
		"UserSsoLifetime passed":                   {with(mick, func(s *situation) { s.ssoLifetime = time.Hour - time.Second }), askForLogin, ""},
		"UserSsoLifetime does not trust the query": {with(mick, func(s *situation) { s.ssoLifetime, s.loginAfter = time.Minute, time.Unix(1, 0) }), askForLogin, ""},
		"own hint":                                 {with(mick, func(s *situation) { s.hint = "mick" }), issue, ""},
		"other's hint":                             {with(mick, func(s *situation) { s.hint = "jane" }), askForLogin, ""},
		"other's hint, none → login_required":      {with(mick, func(s *situation) { s.hint, s.prompt.None = "jane", true }), issue, LoginRequired},
		"other's hint, logged in as oneself → login_required": {with(mick, func(s *situation) { s.hint, s.loginAfter = "jane", s.authTime }), issue, LoginRequired},
		"hint of nobody, none → login_required":               {with(mick, func(s *situation) { s.hintUnknown, s.prompt.None = true, true }), issue, LoginRequired},
		"hint of nobody → invalid_request":                    {with(mick, func(s *situation) { s.hintUnknown = true }), issue, InvalidRequest},
		"consent missing":                                     {with(mick, func(s *situation) { s.consentMissing = true }), askForConsent, ""},
		"consent missing, none → consent_required":            {with(mick, func(s *situation) { s.consentMissing, s.prompt.None = true, true }), issue, ConsentRequired},
		"consent missing, just given":                         {with(mick, func(s *situation) { s.consentMissing, s.consentGiven = true, true }), issue, ""},
		"prompt=consent":                                      {with(mick, func(s *situation) { s.prompt.Consent = true }), askForConsent, ""},
		"prompt=consent, just given":                          {with(mick, func(s *situation) { s.prompt.Consent, s.consentGiven = true, true }), issue, ""},
		"login before consent":                                {with(nobody, func(s *situation) { s.prompt.Consent = true }), askForLogin, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, why, err := decide(row.situation)
			code := Code("")
			if refused, ok := errors.AsType[*Error](err); ok {
				code = refused.Code
			}
			if got != row.want || code != row.code {
				t.Errorf("got %v %q (%s), want %v %q", got, code, why, row.want, row.code)
			}
			if got != issue && why == "" {
				t.Error("no reason")
			}
		})
	}
}

func TestParsePrompt(t *testing.T) {
	for sent, want := range map[string]Prompt{
		"":                      {},
		"none":                  {None: true},
		"login consent":         {Login: true, Consent: true},
		"select_account  login": {SelectAccount: true, Login: true},
	} {
		if got, err := parsePrompt(sent); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", sent, got, err, want)
		}
	}
	for _, sent := range []string{"none login", "login none", "None", "create", "login,consent", "login\tconsent"} {
		if _, err := parsePrompt(sent); asError(err).Code != InvalidRequest {
			t.Errorf("%q: got %v, want invalid_request", sent, err)
		}
	}
}

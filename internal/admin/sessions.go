package admin

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"silentrenew/db"
	"silentrenew/internal/attribute"
)

type sessions struct {
	List sessionsList `cmd:"" help:"List the live sign-ins at the provider."`
	Kill sessionsKill `cmd:"" help:"End sign-ins: the next silent renewal gets login_required."`
}

// sessionJSON is a session under the names of the columns; its key, a hash of the cookie, is nobody's business.
type sessionJSON struct {
	SessionID   string    `json:"SessionId"`
	SubjectID   string    `json:"SubjectId"`
	DisplayName string    `json:"DisplayName"`
	Created     time.Time `json:"Created"`
	Renewed     time.Time `json:"Renewed"`
	Expires     time.Time `json:"Expires"`
	Lifetime    int       `json:"Lifetime"` // seconds
	Persistent  bool      `json:"Persistent"`
	ClientIDs   []string  `json:"ClientIds"`
}

type sessionsList struct {
	User string `placeholder:"NAME" help:"Of this user: name or subject."`
}

// live lists the sessions that count now, of one user or of all.
func (s *desk) live(user string) ([]db.Session, error) {
	subject, err := s.subject(user)
	if err != nil {
		return nil, err
	}
	all, err := s.store.Sessions(s)
	now := time.Now()
	return slices.DeleteFunc(all, func(session db.Session) bool {
		return !session.Expires.After(now) || subject != "" && session.Subject != subject
	}), err
}

func (cmd sessionsList) Run(s *desk) error {
	all, err := s.live(cmd.User)
	if err != nil {
		return err
	}
	rows, lines := []sessionJSON{}, [][]string{}
	for _, session := range all {
		rows = append(rows, sessionJSON{session.SessionID, session.Subject, session.DisplayName, session.Created, session.Renewed, session.Expires,
			int(session.Lifetime / time.Second), session.Persistent, append([]string{}, session.ClientIDs...)})
		remembered := ""
		if session.Persistent {
			remembered = ", remembered"
		}
		lines = append(lines, []string{session.SessionID, session.DisplayName, moment(&session.Created), moment(&session.Expires),
			attribute.Lifetime(session.Lifetime) + remembered, strings.Join(session.ClientIDs, " ")})
	}
	return s.table(rows, "Nobody is signed in.", []string{"SID", "USER", "CREATED", "EXPIRES", "LIFETIME", "CLIENTS"}, lines)
}

type sessionsKill struct {
	SID  string `arg:"" name:"sid" optional:"" help:"The sid of one session, as sessions list shows it."`
	User string `placeholder:"NAME" help:"All of this user: name or subject."`
	All  bool   `help:"All there are."`
	Yes  bool   `help:"Do not ask."`
}

// Help implements kong's interface: what --help says below the flags.
func (sessionsKill) Help() string {
	return `The session counts no more from now on: the provider asks for the password again, and a silent renewal gets login_required. ` +
		`A provider that runs on this database notices within a minute, ends the refresh tokens of the clients that tie them to the session ` +
		`(CoordinateLifetimeWithUserSession) and tells the clients that registered a back-channel logout URI. When none runs, the next one to start does it.

What it does not do: access tokens live until they expire, and refresh tokens of other clients go on; "grants revoke --session SID" ends them. ` +
		`Pages in browsers are not told by frames.`
}

func (cmd sessionsKill) Run(s *desk) error {
	if cmd.SID == "" && cmd.User == "" && !cmd.All {
		return errors.New("say which: a sid, --user or --all")
	}
	chosen, err := s.live(cmd.User)
	if err != nil {
		return err
	}
	if cmd.SID != "" {
		chosen = slices.DeleteFunc(chosen, func(session db.Session) bool { return session.SessionID != cmd.SID })
	}
	if len(chosen) == 0 {
		return errors.New("there is no such session")
	}
	if err := s.confirm(cmd.Yes, "%s ended", count(len(chosen), "sign-in")); err != nil {
		return err
	}
	killed := 0
	for _, session := range chosen {
		switch err := s.store.EndSession(s, session.Key, time.Now()); {
		case errors.Is(err, db.ErrNotFound): // it has ended meanwhile
		case err != nil:
			return err
		default:
			killed++
		}
	}
	return s.print(map[string]int{"Killed": killed}, func(w io.Writer) {
		fmt.Fprintf(w, "%s ended. A running provider tells the clients within a minute; access tokens live until they expire.\n", count(killed, "sign-in"))
	})
}

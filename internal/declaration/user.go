package declaration

import (
	"cmp"
	"encoding/json"
	"errors"
	"strings"
	"unicode"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"

	"silentrenew/db"
	"silentrenew/internal/attribute"
)

// user is a declared user and where it stands.
type user struct {
	at       place
	row      db.User
	password string // in clear, "" when the file gives the hash
}

// subjects makes a user's subject out of the name, the same on every machine, where the file does not say one.
var subjects = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://silent-renew.example/users"))

// Subject returns the subject of a user who was given none.
func Subject(username string) string { return uuid.NewSHA1(subjects, []byte(username)).String() }

// CheckPassword wants what the login form can send.
func CheckPassword(password string) error {
	if len(password) > 200 || strings.ContainsFunc(password, unicode.IsControl) {
		return errors.New("must be one line of 200 characters at most")
	}
	return nil
}

func (r *reader) user(n node) (user, bool) {
	u := user{at: n.place, row: db.User{Enabled: true}}
	before := len(r.problems)
	hash := n.place
	text := func(into *string) func(node) {
		return func(n node) { *into, _ = r.scalar(n); hash = n.place }
	}
	places := map[string]place{}
	subject := func(n node) { u.row.SubjectID, _ = r.scalar(n); places["SubjectId"] = n.place }
	r.mapping(n, "a user", map[string]func(node){
		"username": func(n node) { u.row.Username, _ = r.scalar(n); places["Username"] = n.place },
		"password": func(n node) {
			if u.password, _ = r.scalar(n); u.password != "" {
				r.check(n.place, "password", cmp.Or(CheckPassword(u.password), notFilledIn(u.password)))
			}
		},
		"password_hash": text(&u.row.PasswordHash),
		"sub":           subject, "subject": subject, "subject_id": subject,
		"enabled": func(n node) {
			text, _ := r.scalar(n)
			on, err := attribute.ParseSwitch(text)
			r.check(n.place, "enabled", err)
			u.row.Enabled = on
		},
		"claims": func(n node) {
			r.pairs(n, "claims", func(f field) {
				if f.name == "" || len(f.name) > 250 {
					r.wrong(f.place, "the type of a claim has 1 to 250 characters")
				}
				if f.name == "address" && f.value.kind == mapping {
					u.row.Claims = append(u.row.Claims, db.UserClaim{Type: f.name, Value: r.address(f.value)})
					return
				}
				for _, value := range r.texts(f.value) {
					u.row.Claims = append(u.row.Claims, db.UserClaim{Type: f.name, Value: value})
				}
			})
		},
	}, nil)
	if n.kind != mapping || len(r.problems) > before {
		return u, false
	}
	if u.row.SubjectID == "" {
		u.row.SubjectID = Subject(u.row.Username)
	}
	broken, invalid := errors.AsType[*db.ValidationError](u.row.Validate())
	switch {
	case invalid && broken.Field == "Username":
		r.wrong(cmp.Or(places[broken.Field], u.at), "a user needs a username: it %s", broken.Reason)
	case invalid:
		r.wrong(cmp.Or(places[broken.Field], u.at), "user %s: %s", u.row.Username, broken)
	case (u.password == "") == (u.row.PasswordHash == ""):
		r.wrong(u.at, "user %s needs either a password or a password_hash (argon2id)", u.row.Username)
	case u.row.PasswordHash != "":
		if _, _, _, err := argon2id.DecodeHash(u.row.PasswordHash); err != nil {
			r.wrong(hash, "password_hash is not one of argon2id: %v", err)
		}
	}
	return u, len(r.problems) == before
}

// address reads the members of the address claim (OIDC Core §5.1.1), which a row holds as the JSON object it is told as.
func (r *reader) address(n node) string {
	members := map[string]string{}
	member := func(name string) func(node) {
		return func(n node) { members[name], _ = r.scalar(n) }
	}
	r.mapping(n, "an address", map[string]func(node){
		"formatted": member("formatted"), "street_address": member("street_address"), "locality": member("locality"),
		"region": member("region"), "postal_code": member("postal_code"), "country": member("country"),
	}, nil)
	encoded, _ := json.Marshal(members) // made of text
	return string(encoded)
}

package db

import (
	"time"

	"github.com/alexedwards/argon2id"
	"gorm.io/gorm"
)

// passwordCost is OWASP's recommendation for argon2id: 19 MiB, two passes, one lane.
var passwordCost = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// HashPassword is what Users.PasswordHash keeps of a password.
func HashPassword(password string) (string, error) {
	return argon2id.CreateHash(password, passwordCost)
}

// HasPassword reports whether it is the user's. It is for who looks after users; a login compares by itself, as slowly for one who is unknown.
func (u User) HasPassword(password string) bool {
	match, err := argon2id.ComparePasswordAndHash(password, u.PasswordHash)
	return match && err == nil
}

// seedUsers registers the tutorial's two users (A3). Their subjects are the tutorial's as well.
func seedUsers(tx *gorm.DB, now time.Time) (int, error) {
	users := []struct {
		user     User
		password string
	}{
		{User{SubjectID: "a9ea0f25-b964-409f-bcce-c923266249b4", Username: "Mick", Claims: []UserClaim{
			{"name", "Mick Mining"}, {"given_name", "Mick"}, {"family_name", "Mining"}, {"address", "Sunny Street 4"},
			{"role", "Admin"}, {"position", "Administrator"}, {"country", "USA"}}}, "MickPassword"},
		{User{SubjectID: "c95ddb8c-79ec-488a-a485-fe57a1462340", Username: "Jane", Claims: []UserClaim{
			{"name", "Jane Downing"}, {"given_name", "Jane"}, {"family_name", "Downing"}, {"address", "Long Avenue 289"},
			{"role", "Visitor"}, {"position", "Viewer"}, {"country", "USA"}}}, "JanePassword"},
	}
	for _, u := range users {
		hash, err := HashPassword(u.password)
		if err != nil {
			return 0, err
		}
		u.user.PasswordHash, u.user.Enabled = hash, true
		if err := insertUser(tx, u.user, now); err != nil {
			return 0, err
		}
	}
	return len(users), nil
}

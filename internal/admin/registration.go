package admin

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"silentrenew/db"
	"silentrenew/internal/attribute"
)

type registration struct {
	Token registrationToken `cmd:"" help:"Make an initial access token (RFC 7591), which lets its bearer register clients, and show it once."`
}

type registrationToken struct {
	Description string `placeholder:"TEXT" help:"Who gets it."`
	Lifetime    string `default:"24h" placeholder:"DURATION" help:"How long it counts, such as 7d; 0 for good (default ${default})."`
}

func (cmd registrationToken) Run(s *desk) error {
	seconds, err := attribute.ParseSeconds(cmd.Lifetime)
	if err != nil || seconds < 0 {
		return errors.New("--lifetime must be a duration such as 24h or 7d, or 0 for good")
	}
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	token := base64.RawURLEncoding.EncodeToString(random)
	row := db.InitialAccessToken{Description: cmd.Description, Created: time.Now().UTC()}
	if seconds > 0 {
		expires := row.Created.Add(time.Duration(seconds) * time.Second)
		row.Expires = &expires
	}
	if err := s.store.InsertInitialAccessToken(s, token, row); err != nil {
		return err
	}
	value := map[string]any{"InitialAccessToken": token, "Expiration": row.Expires}
	return s.print(value, func(w io.Writer) {
		fmt.Fprintf(w, "Initial access token: %s\nIt is stored as a hash and not shown again. ", token)
		if row.Expires == nil {
			fmt.Fprintln(w, "It does not expire; silentrenew grants revoke --type initial_access_token ends all of them.")
			return
		}
		fmt.Fprintf(w, "It lives %s.\n", attribute.Lifetime(time.Duration(seconds)*time.Second))
	})
}

package admin

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"silentrenew/db"
	"silentrenew/internal/attribute"
	"silentrenew/internal/config"
)

func showSecret(w io.Writer, secret string) {
	if secret != "" {
		fmt.Fprintf(w, "Secret: %s\nIt is stored as a hash and not shown again.\n", secret)
	}
}

// newSecret makes a secret and its row: a hash, or where the provider has to read it again, the secret itself, sealed.
func (s *desk) newSecret(clientID string, recoverable bool) (row db.ClientSecret, secret string, err error) {
	secret = rand.Text() + rand.Text() // an HMAC of SHA-256 wants 256 bits (RFC 7518 §3.2)
	row = db.ClientSecret{Value: db.HashSecret(secret), Type: "SharedSecret", Created: time.Now()}
	if !recoverable {
		return row, secret, nil
	}
	row.Type = "RecoverableSecret"
	if row.Value, err = s.sealer.Seal("ClientSecrets/"+clientID, secret); err != nil {
		return row, "", err
	}
	if !s.sealer.Active() {
		s.note("warning: the secret lies in clear in the database: %s is not set", config.EncryptionKeyVariable)
	}
	return row, secret, nil
}

type clientsSecret struct {
	Client      string `arg:"" help:"client_id"`
	Description string `placeholder:"TEXT" help:"What it is for."`
	Lifetime    string `placeholder:"DURATION" help:"How long it counts, such as 90d (default: for good)."`
	Recoverable bool   `help:"For client_secret_jwt: the provider has to read it again, so it is stored encrypted rather than hashed (in clear without an encryption key)."`
	Replace     bool   `help:"Remove all other secrets of its kind."`
	Yes         bool   `help:"Do not ask."`
}

func (cmd clientsSecret) Run(s *desk) error {
	c, err := s.client(cmd.Client)
	if err != nil {
		return err
	}
	if err := editable(c); err != nil {
		return err
	}
	row, secret, err := s.newSecret(c.ClientID, cmd.Recoverable)
	if err != nil {
		return err
	}
	row.Description = cmd.Description
	if cmd.Lifetime != "" {
		seconds, err := attribute.ParseSeconds(cmd.Lifetime)
		if err != nil || seconds < 1 {
			return errors.New("--lifetime must be a duration such as 90d")
		}
		until := time.Now().UTC().Add(time.Duration(seconds) * time.Second)
		row.Expiration = &until
	}
	if cmd.Replace {
		if err := s.confirm(cmd.Yes, "whoever uses an earlier secret of client %s is refused from now on", c.ClientID); err != nil {
			return err
		}
	}
	err = s.store.ChangeClient(s, c.ClientID, func(c *db.Client) error {
		if cmd.Replace {
			c.Secrets = slices.DeleteFunc(c.Secrets, func(old db.ClientSecret) bool { return old.Type == row.Type })
		}
		c.Secrets = append(c.Secrets, row)
		return nil
	})
	if err != nil {
		return explain(err)
	}
	c.Secrets = append(slices.Clone(c.Secrets), row)
	if err := s.warn(c); err != nil {
		return err
	}
	value := map[string]any{"ClientId": c.ClientID, "ClientSecret": secret, "Expiration": row.Expiration}
	return s.print(value, func(w io.Writer) {
		if cmd.Recoverable {
			fmt.Fprintf(w, "Secret: %s\nIt is for assertions (client_secret_jwt) and opens nothing else. It is not shown again.\n", secret)
			return
		}
		showSecret(w, secret)
	})
}

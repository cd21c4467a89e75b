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
	"silentrenew/internal/declaration"
)

func showSecret(w io.Writer, secret string) {
	if secret != "" {
		fmt.Fprintf(w, "Secret: %s\nIt is stored as a hash and not shown again.\n", secret)
	}
}

// newSecret makes the row of a secret that is read, or made and returned: a hash, or where the provider has to read it again, the secret itself,
// sealed.
func (s *desk) newSecret(clientID string, recoverable, fromInput bool) (row db.ClientSecret, made string, err error) {
	secret := rand.Text() + rand.Text() // an HMAC of SHA-256 wants 256 bits (RFC 7518 §3.2)
	if !fromInput {
		made = secret
	} else if secret, err = s.readSecret(recoverable); err != nil {
		return row, "", err
	}
	row = db.ClientSecret{Value: db.HashSecret(secret), Type: "SharedSecret", Created: time.Now()}
	if !recoverable {
		return row, made, nil
	}
	row.Type = "RecoverableSecret"
	if row.Value, err = s.sealer.Seal("ClientSecrets/"+clientID, secret); err != nil {
		return row, "", err
	}
	if !s.sealer.Active() {
		s.note("warning: the secret lies in clear in the database: %s is not set", config.EncryptionKeyVariable)
	}
	return row, made, nil
}

func (s *desk) readSecret(recoverable bool) (string, error) {
	secret, err := s.readLine("Secret, shown as you type it: ")
	if err != nil {
		return "", err
	}
	if err := declaration.CheckSecret(secret); err != nil {
		return "", fmt.Errorf("the secret %w", err)
	}
	if recoverable && len(secret) < declaration.LeastRecoverable {
		return "", fmt.Errorf("the secret must have %d characters or more (RFC 7518 §3.2)", declaration.LeastRecoverable)
	}
	return secret, nil
}

type clientsSecret struct {
	Client      string `arg:"" help:"client_id"`
	Description string `placeholder:"TEXT" help:"What it is for."`
	Lifetime    string `placeholder:"DURATION" help:"How long it counts, such as 90d (default: for good)."`
	Recoverable bool   `help:"For client_secret_jwt: the provider has to read it again, so it is stored encrypted rather than hashed (in clear without an encryption key)."`
	Replace     bool   `help:"Remove all other secrets of its kind."`
	SecretStdin bool   `help:"Read it from the first line of standard input, rather than make one."`
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
	row, secret, err := s.newSecret(c.ClientID, cmd.Recoverable, cmd.SecretStdin)
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
	c.Secrets = append(slices.Clone(c.Secrets), row)
	if err := s.warn(c); err != nil {
		return err
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
	value := map[string]any{"ClientId": c.ClientID, "Expiration": row.Expiration}
	if secret != "" {
		value["ClientSecret"] = secret
	}
	return s.print(value, func(w io.Writer) {
		switch {
		case secret == "":
			fmt.Fprintf(w, "Client %s has the secret.\n", printable(c.ClientID))
		case cmd.Recoverable:
			fmt.Fprintf(w, "Secret: %s\nIt is for assertions (client_secret_jwt) and opens nothing else. It is not shown again.\n", secret)
		default:
			showSecret(w, secret)
		}
	})
}

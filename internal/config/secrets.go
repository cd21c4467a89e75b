package config

import (
	"fmt"
	"strings"
)

// The environment variables that no flag stands for, because their values are secret.
const (
	// EncryptionKeyVariable holds the key that seals private keys at rest.
	EncryptionKeyVariable = "SILENTRENEW_KEY_ENCRYPTION_KEY"

	// OldEncryptionKeysVariable holds, separated by commas, keys that only open what they have sealed.
	OldEncryptionKeysVariable = "SILENTRENEW_KEY_ENCRYPTION_KEY_OLD"

	// RegistrationTokenVariable holds an initial access token, which lets its bearer register clients (RFC 7591 §3).
	RegistrationTokenVariable = "SILENTRENEW_REGISTRATION_TOKEN"

	// BFFSecretVariable holds the secret by which the front end's server proves to the provider that it is bff-client.
	BFFSecretVariable = "SILENTRENEW_BFF_SECRET"
)

// DemoBFFSecret is the secret that the seeded row bff-client begins with. Everybody knows it.
const DemoBFFSecret = "bff-secret"

// EncryptionKeys returns the keys of both variables, the current one first.
func EncryptionKeys(getenv func(string) string) ([]string, error) {
	var keys []string
	for key := range strings.SplitSeq(getenv(EncryptionKeyVariable)+","+getenv(OldEncryptionKeysVariable), ",") {
		if key = strings.TrimSpace(key); key != "" {
			keys = append(keys, key)
		}
	}
	if len(keys) > 0 && strings.TrimSpace(getenv(EncryptionKeyVariable)) == "" {
		return nil, fmt.Errorf("%s only opens what its keys have encrypted: set %s too, to the key that encrypts from now on", OldEncryptionKeysVariable, EncryptionKeyVariable)
	}
	return keys, nil
}

// leastRegistrationToken is the length of a token nobody guesses, in characters.
const leastRegistrationToken = 20

func (c Config) checkRegistration() error {
	switch token := c.RegistrationToken; {
	case token == "":
		return nil
	case c.Registration == "closed":
		return fmt.Errorf("%s opens nothing while --registration is closed: give --registration token", RegistrationTokenVariable)
	case len(token) < leastRegistrationToken || strings.ContainsAny(token, " \t\r\n"):
		return fmt.Errorf("%s must have %d or more random characters, such as \"openssl rand -hex 32\" prints", RegistrationTokenVariable, leastRegistrationToken)
	}
	return nil
}

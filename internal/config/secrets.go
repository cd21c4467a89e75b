package config

import "strings"

// The environment variables that no flag stands for, because their values are secret.
const (
	// EncryptionKeyVariable holds the key that seals private keys at rest.
	EncryptionKeyVariable = "SILENTRENEW_KEY_ENCRYPTION_KEY"

	// OldEncryptionKeysVariable holds, separated by commas, keys that only open what they have sealed.
	OldEncryptionKeysVariable = "SILENTRENEW_KEY_ENCRYPTION_KEY_OLD"

	// BFFSecretVariable holds the secret by which the front end's server proves to the provider that it is bff-client.
	BFFSecretVariable = "SILENTRENEW_BFF_SECRET"
)

// DemoBFFSecret is the secret that the seeded row bff-client begins with. Everybody knows it.
const DemoBFFSecret = "bff-secret"

// EncryptionKeys returns the keys of both variables, the current one first; none when only old ones are given.
func EncryptionKeys(getenv func(string) string) []string {
	current := getenv(EncryptionKeyVariable)
	if current == "" {
		return nil
	}
	keys := []string{current}
	for old := range strings.SplitSeq(getenv(OldEncryptionKeysVariable), ",") {
		if old = strings.TrimSpace(old); old != "" {
			keys = append(keys, old)
		}
	}
	return keys
}

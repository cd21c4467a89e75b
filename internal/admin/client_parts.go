package admin

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"

	"silentrenew/db"
	"silentrenew/internal/attribute"
	"silentrenew/internal/jwkset"
)

// What a client has beside its columns and lists: public keys, claims and properties, each with a form of its own.

const partsHelp = "Jwks=FILE takes a file with a JWK Set, or the JSON itself: the public keys a client signs with. " +
	"Claims.TYPE=value is a claim about the client, Properties.KEY=value a property; += and -= where a claim has several values, and nothing after = takes one away."

// keySet is the name of a client's public keys (RFC 7591 §2).
const keySet = "Jwks"

// assignPart sets such a part and returns its name, "" for what is none.
func assignPart(c *db.Client, one assignment) (string, error) {
	kind, key, dotted := strings.Cut(one.name, ".")
	switch plain := attribute.Plain(kind); {
	case plain == "jwks" && !dotted:
		if one.operation != "" {
			return "", fmt.Errorf("%s is a whole set: write %s=file", keySet, keySet)
		}
		return keySet, assignKeys(c, one.value)
	case plain == "claims" || plain == "claim":
		if key == "" {
			return "", fmt.Errorf("%s: write Claims.type=value", printable(one.name))
		}
		c.Claims = withClaim(c.Claims, key, one)
		return "Claims." + key, nil
	case plain == "properties" || plain == "property":
		if key == "" || one.operation != "" {
			return "", fmt.Errorf("%s: write Properties.key=value", printable(one.name))
		}
		c.Properties = maps.Clone(c.Properties)
		if c.Properties == nil {
			c.Properties = map[string]string{}
		}
		if c.Properties[key] = one.value; one.value == "" {
			delete(c.Properties, key)
		}
		return "Properties." + key, nil
	}
	return "", nil
}

// maxKeyFile is more than a client's keys need, in bytes.
const maxKeyFile = 128 << 10

func assignKeys(c *db.Client, value string) error {
	if value == "" {
		c.SetPublicKeys(nil)
		return nil
	}
	encoded := []byte(value)
	if !strings.HasPrefix(strings.TrimSpace(value), "{") {
		file, err := os.Open(value)
		if err != nil {
			return fmt.Errorf("%s: %w", keySet, err)
		}
		defer file.Close()
		if encoded, err = io.ReadAll(io.LimitReader(file, maxKeyFile)); err != nil {
			return fmt.Errorf("%s: %w", keySet, err)
		}
	}
	keys, err := jwkset.Parse(encoded)
	if err != nil {
		return fmt.Errorf("%s %w", keySet, err)
	}
	c.SetPublicKeys(keys)
	return nil
}

// shownPart says a part for people.
func shownPart(c db.Client, name string) string {
	kind, key, _ := strings.Cut(name, ".")
	var values []string
	switch kind {
	case keySet:
		for _, key := range publicKeys(c) {
			values = append(values, keyWords(key))
		}
	case "Claims":
		return shownClaim(c.Claims, key)
	case "Properties":
		if value, ok := c.Properties[key]; ok {
			values = append(values, value)
		}
	}
	return shownValues(values)
}

// publicKeys are the keys of a client, each as JSON.
func publicKeys(c db.Client) []json.RawMessage {
	keys := []json.RawMessage{}
	for _, secret := range c.Secrets {
		if secret.Type == db.JSONWebKey && json.Valid([]byte(secret.Value)) {
			keys = append(keys, json.RawMessage(secret.Value))
		}
	}
	return keys
}

// keyWords says which key it is: "EC P-256, kid one".
func keyWords(encoded json.RawMessage) string {
	var key struct{ Kty, Crv, Alg, Kid string }
	_ = json.Unmarshal(encoded, &key) // it was read when it came
	words := strings.Join(strings.Fields(key.Kty+" "+key.Crv+" "+key.Alg), " ")
	if key.Kid != "" {
		words += ", kid " + key.Kid
	}
	return words
}

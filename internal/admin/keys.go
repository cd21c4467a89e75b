package admin

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
	"silentrenew/internal/attribute"
	"silentrenew/internal/config"
	"silentrenew/internal/keyring"
)

type keys struct {
	List             keysList             `cmd:"" help:"List the signing keys and what each of them does now."`
	Rotate           keysRotate           `cmd:"" help:"Make the next key now. It signs once it has been published for two minutes; the old one stays until its last token has expired. Refused while one waits already."`
	NewEncryptionKey keysNewEncryptionKey `cmd:"" help:"Print a new value for the variable that encrypts private keys in the database."`
}

// keyJSON is a key under the names of the columns, without its data.
type keyJSON struct {
	ID              string    `json:"Id"`
	Algorithm       string    `json:"Algorithm"`
	Generation      int       `json:"Generation"`
	State           string    `json:"State"` // keyring.State
	Created         time.Time `json:"Created"`
	SignsFrom       time.Time `json:"SignsFrom"`
	LongestLifetime int       `json:"LongestLifetime"` // seconds
	DataProtected   bool      `json:"DataProtected"`
}

func keyOf(key db.SigningKey, state string) keyJSON {
	return keyJSON{key.ID, key.Algorithm, key.Generation, state, key.Created.UTC(), key.SignsFrom.UTC(), int(key.LongestLifetime / time.Second), key.Protected}
}

type keysList struct{}

func (keysList) Run(s *desk) error {
	all, err := s.store.SigningKeys(s)
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b db.SigningKey) int { // by algorithm, in the order of ours
		index := func(key db.SigningKey) int {
			return slices.Index(keyring.Algorithms, jose.SignatureAlgorithm(key.Algorithm))
		}
		return index(a) - index(b)
	})
	now := time.Now()
	rows, lines := []keyJSON{}, [][]string{}
	for _, key := range all {
		state := keyring.State(key, all, now)
		rows = append(rows, keyOf(key, state))
		lines = append(lines, []string{key.Algorithm, strconv.Itoa(key.Generation), state, moment(&key.SignsFrom),
			attribute.Lifetime(key.LongestLifetime), yesNo(key.Protected), key.ID})
	}
	return s.table(rows, "There is no key yet: the provider makes them when it starts.",
		[]string{"ALG", "GEN", "STATE", "SIGNS FROM", "LONGEST TOKEN", "ENCRYPTED", "KID"}, lines)
}

type keysRotate struct {
	Alg       []string `enum:"RS256,PS256,ES256,EdDSA" placeholder:"ALG" help:"Only these: ${enum} (default all)."`
	Force     bool     `help:"Also where the next key is announced already and has not signed yet."`
	RevokeOld bool     `help:"Delete the earlier keys at once: every token they signed is refused. For keys that were stolen, or whose encryption key is lost."`
	Yes       bool     `help:"Do not ask."`
}

func (cmd keysRotate) chooses(algorithm jose.SignatureAlgorithm) bool {
	return len(cmd.Alg) == 0 || slices.Contains(cmd.Alg, string(algorithm))
}

func (cmd keysRotate) Run(s *desk) error {
	if cmd.RevokeOld {
		if err := s.confirm(cmd.Yes, "all tokens signed so far are refused from now on, and users have to sign in again where a token was their way in"); err != nil {
			return err
		}
	}
	all, err := s.store.SigningKeys(s)
	if err != nil {
		return err
	}
	ring := keyring.New(s.store, s.sealer)
	for _, key := range all { // one in clear beside encrypted ones, or the reverse, is a slip that the provider would trip over
		switch _, err := ring.Open(key); {
		case !slices.Contains(keyring.Algorithms, jose.SignatureAlgorithm(key.Algorithm)): // a newer version made it
		case cmd.RevokeOld && cmd.chooses(jose.SignatureAlgorithm(key.Algorithm)): // it goes, also where nobody has what it was encrypted with
		case err != nil:
			return err
		case s.sealer.Active() && !key.Protected:
			return fmt.Errorf("the keys in this database are not encrypted: start the provider with %s first, or leave it out here", config.EncryptionKeyVariable)
		}
	}
	now := time.Now()
	chosen := slices.DeleteFunc(slices.Clone(keyring.Algorithms), func(algorithm jose.SignatureAlgorithm) bool { return !cmd.chooses(algorithm) })
	if !cmd.Force && !cmd.RevokeOld {
		if err := noneAnnounced(chosen, all, now); err != nil {
			return err
		}
	}
	rows, lines := []keyJSON{}, [][]string{}
	for _, algorithm := range chosen {
		changes, err := ring.Rotate(s, algorithm, cmd.RevokeOld, now)
		if err != nil {
			return err
		}
		for _, change := range changes {
			state := "made"
			if change.Retired {
				state = "revoked"
			}
			rows = append(rows, keyOf(change.Key, state))
			lines = append(lines, []string{change.Key.Algorithm, strconv.Itoa(change.Key.Generation), state, moment(&change.Key.SignsFrom), change.Key.ID})
		}
	}
	s.note("A running provider reads the keys within 30 seconds.")
	return s.table(rows, "", []string{"ALG", "GEN", "", "SIGNS FROM", "KID"}, lines)
}

// noneAnnounced refuses to pile up keys: while the next key of an algorithm waits for its time, another would only lengthen the key set that
// every client fetches, and stay there until the tokens of those before it have expired.
func noneAnnounced(algorithms []jose.SignatureAlgorithm, all []db.SigningKey, now time.Time) error {
	var waiting []string
	var last time.Time
	for _, key := range all {
		if !slices.Contains(algorithms, jose.SignatureAlgorithm(key.Algorithm)) || keyring.State(key, all, now) != keyring.Announced {
			continue
		}
		if !slices.Contains(waiting, key.Algorithm) {
			waiting = append(waiting, key.Algorithm)
		}
		if key.SignsFrom.After(last) {
			last = key.SignsFrom
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	return fmt.Errorf("the next key of %s is announced already and signs by itself from %s on: wait until then, choose others with --alg, or "+
		"make another with --force; for a stolen key --revoke-old (silentrenew keys list shows them all)", strings.Join(waiting, ", "), moment(&last))
}

type keysNewEncryptionKey struct{}

func (keysNewEncryptionKey) Run(s *desk) error {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	text := base64.StdEncoding.EncodeToString(key)
	return s.print(map[string]string{config.EncryptionKeyVariable: text}, func(w io.Writer) {
		fmt.Fprintf(w, "%s=%s\n", config.EncryptionKeyVariable, text)
	})
}

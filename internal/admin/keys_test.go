package admin

import (
	"strings"
	"testing"

	"silentrenew/internal/keyring"
)

func TestI20KeysRotate(t *testing.T) {
	s := newShell(t)
	type key struct {
		ID, Algorithm, State string
		Generation           int
		DataProtected        bool
	}
	var rows []key
	s.json("keys rotate --alg ES256", &rows)
	s.json("keys list", &rows)
	states := map[string]string{}
	for _, row := range rows {
		states[row.Algorithm] += row.State + " "
	}
	if states["ES256"] != "announced signing " || states["RS256"] != "signing " {
		t.Errorf("got %v", states)
	}
	_, _, refused := s.run("keys rotate") // one waits already, so none is made
	if !strings.HasPrefix(refused, "the next key of ES256 is announced already and signs by itself from ") || !strings.Contains(refused, "--force") {
		t.Errorf("once more: refused with %q", refused)
	}
	s.must("keys rotate --alg RS256")
	before := len(rows) + 1
	if s.json("keys rotate --alg ES256 --force", &rows); len(rows) != 1 {
		t.Errorf("--force made %+v", rows)
	}
	if s.json("keys list", &rows); len(rows) != before+1 {
		t.Errorf("%d keys, want %d", len(rows), before+1)
	}
	s.must("keys rotate --alg RS256 --revoke-old --yes")
	s.json("keys rotate --alg ES256 --revoke-old --yes", &rows)
	s.json("keys list", &rows)
	if len(rows) != len(keyring.Algorithms) {
		t.Errorf("%d keys are left: %+v", len(rows), rows)
	}
	s.env["SILENTRENEW_KEY_ENCRYPTION_KEY"] = strings.TrimPrefix(strings.TrimSpace(s.must("keys new-encryption-key")), "SILENTRENEW_KEY_ENCRYPTION_KEY=")
	if _, _, refused := s.run("keys rotate"); !strings.Contains(refused, "are not encrypted") {
		t.Errorf("an encrypted key beside others in clear: %q", refused)
	}
	sealing := s.env["SILENTRENEW_KEY_ENCRYPTION_KEY"]
	s.must("keys rotate --revoke-old --yes") // those in clear go, so nothing stands in the way
	delete(s.env, "SILENTRENEW_KEY_ENCRYPTION_KEY")
	for _, lost := range []string{"keys rotate", "keys rotate --alg RS256", "keys rotate --alg RS256 --revoke-old --yes"} { // the last leaves three that nobody opens
		if _, _, refused := s.run(lost); !strings.Contains(refused, "is encrypted, and no key to open it was given") || !strings.Contains(refused, "keys rotate --revoke-old") {
			t.Errorf("%s without the encryption key: refused with %q", lost, refused)
		}
	}
	s.json("keys rotate --revoke-old --yes", &rows)
	for _, row := range rows {
		if row.State == "made" && row.DataProtected || row.State == "revoked" && !row.DataProtected {
			t.Errorf("after the loss: %+v", row)
		}
	}
	s.env["SILENTRENEW_KEY_ENCRYPTION_KEY_OLD"] = sealing
	if _, _, refused := s.run("keys list"); !strings.Contains(refused, "set SILENTRENEW_KEY_ENCRYPTION_KEY too") {
		t.Errorf("with the old key alone: refused with %q", refused)
	}
	delete(s.env, "SILENTRENEW_KEY_ENCRYPTION_KEY_OLD")
	if listed := s.must("keys list"); strings.Contains(listed, `"d"`) {
		t.Errorf("a private key is shown:\n%s", listed)
	}
}

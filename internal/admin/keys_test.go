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
	if listed := s.must("keys list"); strings.Contains(listed, `"d"`) {
		t.Errorf("a private key is shown:\n%s", listed)
	}
}

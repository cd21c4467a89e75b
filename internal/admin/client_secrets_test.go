package admin

import (
	"strings"
	"testing"

	"silentrenew/db"
)

// A secret that has to be the same everywhere is read, and not shown.
func TestSecretsFromStandardInput(t *testing.T) {
	s := newShell(t)
	out := s.must("clients add job GrantTypes=client_credentials Scopes=companyApi --secret-stdin", "the same in every run\n")
	out += s.must("clients secret job --secret-stdin --json", "and another\n")
	if strings.Contains(out, "the same") || strings.Contains(out, "another") || strings.Contains(out, "ClientSecret") {
		t.Errorf("printed\n%s", out)
	}
	job, err := s.store.Client(t.Context(), "job")
	if err != nil || len(job.Secrets) != 2 || job.Secrets[0].Value != db.HashSecret("the same in every run") || job.Secrets[1].Value != db.HashSecret("and another") {
		t.Errorf("got %+v, %v", job.Secrets, err)
	}
	if _, warned, refused := s.run("clients secret spa-client"); refused != "" || !strings.Contains(warned, "has a secret that nobody has to show") {
		t.Errorf("of a public client: warned %q, refused with %q", warned, refused)
	}
	for line, row := range map[string]struct{ input, want string }{
		"clients secret job --secret-stdin":               {"", "the secret must not be empty"},
		"clients secret job --secret-stdin --recoverable": {"short\n", "the secret must have 32 characters or more"},
		"clients add other --secret-stdin":                {"gehéim\n", "the secret must be printable ASCII"},
	} {
		if _, _, refused := s.run(line, row.input); !strings.Contains(refused, row.want) {
			t.Errorf("%s: refused with %q, want %q", line, refused, row.want)
		}
	}
}

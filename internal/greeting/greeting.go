// Package greeting is what the program says once it listens: where to go, who to be, where everything is kept, and what
// will not work as it is set up.
package greeting

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"silentrenew/db"
	"silentrenew/internal/config"
	"silentrenew/internal/localca"
)

// Greeting knows what a newcomer needs to know.
type Greeting struct {
	Config    config.Config
	URLs      config.URLs
	Store     *db.DB
	Authority *localca.Authority // nil: plain http
}

// tutorialUsers are the seeded users with the passwords they begin with (A3).
var tutorialUsers = []struct{ name, password, role string }{
	{"Mick", "MickPassword", "Admin"},
	{"Jane", "JanePassword", "Visitor"},
}

// Print writes the greeting.
func (g Greeting) Print(ctx context.Context, w io.Writer) error {
	var text strings.Builder
	fmt.Fprint(&text, "\nSilent Renew\n\n")
	table := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	row := func(show bool, name, value string) {
		if show {
			fmt.Fprintf(table, "  %s\t%s\n", name, value)
		}
	}
	provider, page := g.Config.Serves(config.IDP), g.Config.Serves(config.SPA)
	users := ""
	if g.Store != nil && (provider || page) {
		users = g.users(ctx)
	}
	row(page, "Front end", g.URLs.SPA)
	row(provider, "Provider", g.URLs.IDP)
	row(g.Config.Serves(config.API), "API", g.URLs.API)
	if provider {
		row(true, "Users", users)
	}
	row(true, "Database", g.Store.Location())
	row(true, "Lab", labWords(g.Config.Lab(g.URLs)))
	row(provider, "Keys", keyWords(g.Config.EncryptionKeys))
	row(provider, "Cookies", cookieWords(g.URLs.IDP, g.URLs.SPA))
	if g.Authority != nil {
		row(true, "Trust", g.Authority.CertificateFile()+" is the certificate browsers must trust, once:")
		row(true, "", g.Authority.Advice())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if page {
		as := " as Mick"
		if g.Store != nil && !strings.Contains(users, "Mick") {
			as = ""
		}
		fmt.Fprintf(&text, "\nFirst open %s, log in%s and browse the companies; then follow %s/workshop\n", g.URLs.SPA, as, g.URLs.SPA)
	}
	fmt.Fprint(&text, "Ctrl-C stops.\n\n")
	_, err := io.WriteString(w, text.String())
	return err
}

// users lists those of the tutorial's users who are still there and can sign in with the password they began with.
func (g Greeting) users(ctx context.Context) string {
	var there []string
	for _, u := range tutorialUsers {
		if user, err := g.Store.UserByName(ctx, u.name); err == nil && user.Enabled && user.HasPassword(u.password) {
			there = append(there, fmt.Sprintf("%s / %s (%s)", u.name, u.password, u.role))
		}
	}
	if len(there) == 0 {
		return "your own"
	}
	return strings.Join(there, ", ")
}

// keyWords says how the provider's private keys are kept (decision 0027).
func keyWords(encryptionKeys []string) string {
	if len(encryptionKeys) > 0 {
		return "encrypted in the database"
	}
	return "in clear in the database, for development (" + config.EncryptionKeyVariable + " encrypts them)"
}

func labWords(on bool) string {
	if on {
		return "on: pages may change lifetimes and show every hop (--lab off forbids it)"
	}
	return "off: no page may change lifetimes (--lab on allows it)"
}

package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"silentrenew/db"
	"silentrenew/internal/attribute"
	"silentrenew/internal/config"
	"silentrenew/internal/seal"
)

// maxTokenLifetime is how long a revoked family has to be remembered: no token lives longer.
const maxTokenLifetime = 10 * 365 * 24 * time.Hour

// grammar is the command line as kong reads it. Its order is the order of --help.
type grammar struct {
	Clients      clients      `cmd:"" help:"The clients (relying parties): list, show, set, add, secret, remove."`
	APIs         apis         `cmd:"" name:"apis" help:"The APIs that tokens are for: list, show, set, add, remove."`
	Scopes       scopes       `cmd:"" help:"What a scope value stands for: list, show, set, add, remove."`
	Users        users        `cmd:"" help:"Who can sign in: list, show, set, add, password, remove."`
	Keys         keys         `cmd:"" help:"The provider's signing keys: list, rotate, new-encryption-key."`
	Grants       grants       `cmd:"" help:"Codes, refresh and reference tokens, consents: list, revoke."`
	Sessions     sessions     `cmd:"" help:"Sign-ins at the provider: list, kill."`
	Registration registration `cmd:"" help:"Dynamic client registration: token."`

	DB   string `name:"db" aliases:"database" default:"silentrenew.db" placeholder:"URL" help:"Database: a SQLite file or postgres://… (default ${default})."`
	JSON bool   `name:"json" help:"Print JSON, under the names of the columns."`
}

const description = `Look after a provider from the command line, whether it runs or not.

Exit code 0: done; 1: not done, and why in one line.`

// Nouns are the first words of a command line that belongs to Command.
var Nouns = []string{"clients", "apis", "scopes", "users", "keys", "grants", "sessions", "registration"}

// Asked reports whether a command line belongs to Command: its first word is a noun, behind flags at most.
func Asked(args []string) bool {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		behind := 1
		if args[0] == "--db" || args[0] == "--database" { // whose value is the next word
			behind = 2
		}
		args = args[min(behind, len(args)):]
	}
	return len(args) > 0 && slices.Contains(Nouns, args[0])
}

// NoCommand says that there is no command of that name, and which was probably meant.
func NoCommand(word string) error {
	commands := append(slices.Clone(Nouns), "companies") // the last is not ours
	if meant := attribute.Nearest(word, commands); meant != "" {
		return fmt.Errorf("there is no command %q: did you mean %s?", printable(word), meant)
	}
	return fmt.Errorf("there is no command %q: without one the program serves, and there are %s (see --help)", printable(word), strings.Join(commands, ", "))
}

// Command runs one command line, such as "clients list".
func Command(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	var g grammar
	done := false
	parser, err := kong.New(&g,
		kong.Name("silentrenew"),
		kong.Description(description),
		kong.Writers(stdout, stdout),
		kong.Exit(func(int) { done = true }),
		kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 110, NoExpandSubcommands: true}),
		kong.Resolvers(config.Environment(getenv, "db", "json")), // and no --yes or --all that somebody exported for something else
	)
	if err != nil {
		return fmt.Errorf("the command line is misdeclared: %w", err)
	}
	parsed, err := parser.Parse(args)
	switch {
	case done:
		return nil
	case err != nil:
		return fmt.Errorf("%w (silentrenew %s --help explains)", err, firstWord(args))
	}
	s := &desk{Context: ctx, in: stdin, out: stdout, err: stderr, json: g.JSON, getenv: getenv}
	encryptionKeys, err := config.EncryptionKeys(getenv)
	if err != nil {
		return err
	}
	if s.sealer, err = seal.New(encryptionKeys...); err != nil {
		return fmt.Errorf("%s: %w", config.EncryptionKeyVariable, err)
	}
	if !strings.HasPrefix(parsed.Command(), "keys new-encryption-key") {
		if s.store, err = db.OpenExisting(ctx, g.DB); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.store.Close()) }()
	}
	if err := parsed.Run(s); errors.Is(err, db.ErrBusy) {
		return fmt.Errorf("the database %s is locked by another program: finish its transaction there and try again", s.store.Location())
	} else if err != nil {
		return err
	}
	return nil
}

func firstWord(args []string) string {
	for _, word := range args {
		if slices.Contains(Nouns, word) {
			return word
		}
	}
	return Nouns[0]
}

package config

import (
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// Import is what "silentrenew companies import FILE" is told.
type Import struct {
	Database string
	File     string // "-" for standard input
}

// importFlags is the command line of the companies command as kong reads it.
type importFlags struct {
	Import struct {
		File string `arg:"" help:"The IEEE's MA-L listing (oui.csv), gzipped or not; - for standard input."`
	} `cmd:"" help:"Store the organisations of a newer listing."`

	DB string `name:"db" default:"silentrenew.db" placeholder:"URL" help:"Database: a SQLite file or postgres://… (default ${default})."`
}

const importDescription = `Work on the companies of the API.

The import adds organisations that are new and brings the others up to date. What people edited or deleted stays as they ` +
	`left it. Importing the same listing again changes nothing, so an import that was interrupted is simply started again. ` +
	`Exit code 0: done; 1: not done; 2: done, but some rows of the listing were left out.`

// ParseCompanies reads the command line behind the word "companies". It writes to stdout only for --help and then returns ErrDone.
func ParseCompanies(args []string, getenv func(string) string, stdout io.Writer) (Import, error) {
	var f importFlags
	done := false
	parser, err := kong.New(&f,
		kong.Name("silentrenew companies"),
		kong.Description(importDescription),
		kong.Writers(stdout, stdout),
		kong.Exit(func(int) { done = true }),
		kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 110}),
		kong.Resolvers(Environment(getenv)),
	)
	if err != nil {
		return Import{}, fmt.Errorf("describe the command line: %w", err)
	}
	_, err = parser.Parse(args)
	if done {
		return Import{}, ErrDone
	}
	if err != nil {
		return Import{}, fmt.Errorf("%w (silentrenew companies --help explains)", err)
	}
	return Import{Database: f.DB, File: f.Import.File}, nil
}

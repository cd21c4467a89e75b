package listing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mattn/go-isatty"

	"silentrenew/db"
	"silentrenew/internal/config"
)

// ErrRowsLeftOut says that an import is done but for some rows: exit code 2.
var ErrRowsLeftOut = errors.New("the import is done, but some rows were left out")

// Command is the command "silentrenew companies".
func Command(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) (err error) {
	cfg, err := config.ParseCompanies(args, getenv, stdout)
	if errors.Is(err, config.ErrDone) {
		return nil
	} else if err != nil {
		return err
	}
	in := os.Stdin
	if cfg.File != "-" {
		if in, err = os.Open(cfg.File); err != nil {
			return err
		}
		defer in.Close()
	}
	open := func() (*db.DB, error) { return db.Open(ctx, cfg.Database) }
	summary, err := Import(ctx, open, in, &Report{Out: stderr, Terminal: isTerminal(stderr)})
	if err != nil {
		return fmt.Errorf("import %s: %w", cfg.File, err)
	}
	fmt.Fprintln(stdout, summary)
	if summary.Bad > 0 {
		return ErrRowsLeftOut
	}
	return nil
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}

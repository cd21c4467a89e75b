package eventlog

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
)

// Logger is a logger that knows whether people or programs read it.
type Logger struct {
	*slog.Logger
	people  bool
	objects zerolog.Logger // of the events, for programs
	lines   *lines
}

// New returns a logger that writes to w from level up. The format is "text", "json" or "auto": text on a terminal, else JSON.
func New(w io.Writer, format string, level slog.Level) Logger {
	terminal := isTerminal(w)
	out := newLines(w)
	if format == "json" || format != "text" && !terminal {
		log := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: nameUnits}))
		return Logger{log, false, zerolog.New(out), out}
	}
	log := slog.New(tint.NewTextHandler(out, &tint.Options{
		Level:      level,
		TimeFormat: "15:04:05.000",
		NoColor:    !terminal || os.Getenv("NO_COLOR") != "", // https://no-color.org
	}))
	return Logger{log, true, zerolog.Nop(), out}
}

// nameUnits writes a duration in milliseconds and says so in its name, because a JSON number has no unit.
func nameUnits(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.Float64(a.Key+"_ms", milliseconds(a.Value.Duration()))
	}
	return a
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}

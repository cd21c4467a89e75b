package eventlog

import (
	"io"
	"log/slog"
	"os"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-isatty"
)

// Logger is a logger that knows whether people or programs read it.
type Logger struct {
	*slog.Logger
	people bool
	events slog.Handler // of the events
	lines  *lines
}

// New returns a logger that writes to w from level up. The format is "text", "json" or "auto": text on a terminal, else JSON.
func New(w io.Writer, format string, level slog.Level) Logger {
	terminal := isTerminal(w)
	out := &lines{w: w}
	if format == "json" || format != "text" && !terminal {
		// The events name their units themselves: to have every attribute looked at costs as much as to write it.
		log := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: nameUnits}))
		return Logger{log, false, slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level}), out}
	}
	handler := tint.NewTextHandler(out, &tint.Options{
		Level:      level,
		TimeFormat: "15:04:05.000",
		NoColor:    !terminal || os.Getenv("NO_COLOR") != "", // https://no-color.org
	})
	return Logger{slog.New(handler), true, handler, out}
}

// nameUnits writes a duration in milliseconds and says so in its name, because a JSON number has no unit.
func nameUnits(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.Float64(a.Key+"_ms", float64(a.Value.Duration().Microseconds())/1000)
	}
	return a
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}

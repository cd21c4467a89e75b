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
}

// New returns a logger that writes to w from level up. The format is "text", "json" or "auto": text on a terminal, else JSON.
func New(w io.Writer, format string, level slog.Level) Logger {
	terminal := isTerminal(w)
	if format == "json" || format != "text" && !terminal {
		return Logger{slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: nameUnits})), false}
	}
	handler := tint.NewTextHandler(w, &tint.Options{
		Level:      level,
		TimeFormat: "15:04:05.000",
		NoColor:    !terminal || os.Getenv("NO_COLOR") != "", // https://no-color.org
	})
	return Logger{slog.New(handler), true}
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

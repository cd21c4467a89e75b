package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mattn/go-isatty"

	"silentrenew/db"
	"silentrenew/internal/event"
	"silentrenew/internal/seal"
)

// desk is where a command works.
type desk struct {
	context.Context

	store  *db.DB
	sealer *seal.Sealer
	in     io.Reader
	out    io.Writer // what was asked for
	err    io.Writer // what else there is to say
	json   bool
	getenv func(string) string
}

// print prints one value: as JSON, or as people's writes it.
func (s *desk) print(value any, people func(w io.Writer)) error {
	if s.json {
		encoder := json.NewEncoder(s.out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	}
	var text strings.Builder
	people(&text)
	_, err := io.WriteString(s.out, text.String()) // whose error counts: a secret is shown once
	return err
}

// table prints rows under a head, or that there are none.
func (s *desk) table(rows any, none string, head []string, lines [][]string) error {
	return s.print(rows, func(w io.Writer) {
		if len(lines) == 0 {
			fmt.Fprintln(w, none)
			return
		}
		var aligned strings.Builder
		t := tabwriter.NewWriter(&aligned, 0, 0, 2, ' ', 0)
		for _, line := range append([][]string{head}, lines...) {
			for i, cell := range line {
				line[i] = printable(cell)
			}
			fmt.Fprintln(t, strings.Join(line, "\t"))
		}
		_ = t.Flush() // a builder takes everything
		for line := range strings.Lines(aligned.String()) {
			fmt.Fprintln(w, strings.TrimRight(line, " \n"))
		}
	})
}

// printable keeps what strangers may have registered from writing on the terminal.
func printable(text string) string { return event.Printable(text, 300) }

// note says something beside the answer.
func (s *desk) note(format string, args ...any) {
	fmt.Fprintf(s.err, format+"\n", args...)
}

// confirm asks before something is lost. Where nobody can be asked, --yes must have said it.
func (s *desk) confirm(yes bool, format string, args ...any) error {
	if yes {
		return nil
	}
	question := fmt.Sprintf(format, args...)
	if !s.atTerminal() {
		return fmt.Errorf("%s: say --yes to do it", question)
	}
	answer, err := s.readLine(question + ". Go on? [y/N] ")
	if err != nil {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was done")
}

// atTerminal reports whether somebody sits there who can be asked.
func (s *desk) atTerminal() bool {
	file, ok := s.in.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}

// maxLine is more than anybody types, in bytes.
const maxLine = 4096

// readLine reads one line of the input, at a terminal after a question. Ctrl-C ends the wait: a read that nobody answers would outlast it.
func (s *desk) readLine(question string) (string, error) {
	if s.atTerminal() {
		fmt.Fprint(s.err, question)
	}
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(io.LimitReader(s.in, maxLine)).ReadString('\n')
		answers <- answer{line, err}
	}()
	select {
	case <-s.Done():
		fmt.Fprintln(s.err)
		return "", s.Err()
	case got := <-answers:
		if errors.Is(got.err, io.EOF) {
			got.err = nil
		}
		return strings.TrimRight(got.line, "\r\n"), got.err
	}
}

// moment says a time for people, "" for nil.
func moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// count says how many: "1 grant", "2 grants".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

func yesNo(on bool) string {
	if on {
		return "yes"
	}
	return "no"
}

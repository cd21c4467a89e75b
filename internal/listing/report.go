package listing

import (
	"fmt"
	"io"
	"strings"
)

// Report tells a person how an import goes: a bar that grows on a terminal, nothing until the end elsewhere, and a line
// for each bad row, up to a number that still fits a screen.
type Report struct {
	Out      io.Writer
	Terminal bool

	said  int
	shown bool
}

// maxBadShown bounds the lines about bad rows; the summary counts them all.
const maxBadShown = 100

func (r *Report) bad(row BadRow) {
	switch r.said++; {
	case r.said <= maxBadShown:
		fmt.Fprintf(r.Out, "left out, %v\n", row)
	case r.said == maxBadShown+1:
		fmt.Fprintln(r.Out, "more rows are left out, which the summary counts")
	}
}

// barWidth is the length of the bar, in characters.
const barWidth = 40

func (r *Report) stored(done, all int) {
	if !r.Terminal {
		return
	}
	r.shown = true
	full := barWidth * done / all
	fmt.Fprintf(r.Out, "\r[%s%s] %d of %d organisations", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), done, all)
}

// end leaves the line of the bar.
func (r *Report) end() {
	if r.shown {
		fmt.Fprintln(r.Out)
	}
}

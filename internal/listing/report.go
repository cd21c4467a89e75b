package listing

import (
	"fmt"
	"io"
	"strings"
)

// Report tells a person how an import goes: on a terminal how much is read, then a bar that grows, nothing until the end elsewhere; and a
// line for each bad row, up to a number that still fits a screen.
type Report struct {
	Out      io.Writer
	Terminal bool

	said  int
	shown bool // a line that is not ended
	read  int  // bytes
}

// maxBadShown bounds the lines about bad rows; the summary counts them all.
const maxBadShown = 100

func (r *Report) bad(row BadRow) {
	switch r.said++; {
	case r.said <= maxBadShown:
		fmt.Fprintf(r.Out, "%sleft out, %v\n", r.over(), row)
	case r.said == maxBadShown+1:
		fmt.Fprintf(r.Out, "%smore rows are left out, which the summary counts\n", r.over())
	}
}

// over goes back to the beginning of a line that is not ended. What is written there is longer.
func (r *Report) over() string {
	if !r.shown {
		return ""
	}
	r.shown = false
	return "\r"
}

// Write counts what is read of the listing. It never fails.
func (r *Report) Write(p []byte) (int, error) {
	before := r.read >> 20
	r.read += len(p)
	if r.Terminal && r.read>>20 > before {
		r.shown = true
		fmt.Fprintf(r.Out, "\rreading, %d MB", r.read>>20)
	}
	return len(p), nil
}

// barWidth is the length of the bar, in characters. With a million companies the line fits half a screen.
const barWidth = 20

func (r *Report) stored(done, all int) {
	if !r.Terminal {
		return
	}
	r.shown = true
	full := barWidth * done / all
	fmt.Fprintf(r.Out, "\r[%s%s] %d of %d organisations", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), done, all)
}

// end leaves a line that is not ended.
func (r *Report) end() {
	if r.shown {
		fmt.Fprintln(r.Out)
	}
}

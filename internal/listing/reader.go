package listing

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"silentrenew/db"
)

// BadRow is a row that is left out.
type BadRow struct {
	Line   int // where it begins, from 1
	Reason string
}

func (b BadRow) String() string { return fmt.Sprintf("line %d: %s", b.Line, b.Reason) }

// Listing is what a file says.
type Listing struct {
	Companies []db.Company
	Rows      int // good ones
	Private   int // blocks whose holders are not published
	Bad       int

	former map[string][]string // ids that older versions of this program made, by the present one
}

// row is one assignment, tidied.
type row struct{ assignment, name, address, code string }

var columns = []string{"Registry", "Assignment", "Organization Name", "Organization Address"}

// ErrNoListing says that a file is something else.
var ErrNoListing = errors.New("this is not the IEEE's listing: its first line must be " + strings.Join(columns, ","))

// Limits that keep a broken file from becoming a broken program.
const (
	maxLine = 64 << 10 // bytes
	maxSpan = 5        // lines that one quoted field may span
)

// Read reads a listing, gzipped or not, to its end. It tells bad of each row that it leaves out.
func Read(r io.Reader, bad func(BadRow)) (Listing, error) {
	in, err := unzipped(r)
	if err != nil {
		return Listing{}, err
	}
	lines := &lineReader{in: in}
	header, _, err := lines.record()
	if err != nil || !slices.Equal(header, columns) {
		if err != nil && lines.broken != nil {
			return Listing{}, lines.broken
		}
		return Listing{}, ErrNoListing
	}
	var listing Listing
	all := organisations{}
	for {
		fields, line, err := lines.record()
		if err == io.EOF {
			break
		}
		if lines.broken != nil {
			return Listing{}, fmt.Errorf("the listing breaks off after line %d: %w", line, lines.broken)
		}
		var r row
		private := false
		if err == nil {
			r, private, err = check(fields)
		}
		switch {
		case err != nil:
			listing.Bad++
			bad(BadRow{line, err.Error()})
		case private:
			listing.Private++
		default:
			listing.Rows++
			all.add(r)
		}
	}
	listing.Companies, listing.former = all.companies(), all.formerIDs()
	return listing, nil
}

func unzipped(r io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, maxLine)
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		zip, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("read the gzip header: %w", err)
		}
		in = bufio.NewReaderSize(zip, maxLine)
	}
	if mark, _ := in.Peek(3); string(mark) == "\uFEFF" {
		_, _ = in.Discard(len(mark)) // it was there to be peeked at
	}
	return in, nil
}

var assignment = regexp.MustCompile(`^[0-9A-Fa-f]{6}$`)

// check returns the row that the fields make, or says why they make none.
func check(fields []string) (r row, private bool, err error) {
	if len(fields) != len(columns) {
		return row{}, false, fmt.Errorf("has %d fields, not %d", len(fields), len(columns))
	}
	for i, field := range fields {
		if !utf8.ValidString(field) || strings.ContainsRune(field, 0) {
			return row{}, false, fmt.Errorf("the %s is not UTF-8 text", columns[i])
		}
	}
	r = row{assignment: strings.ToUpper(strings.TrimSpace(fields[1])), name: tidy(fields[2])}
	r.address, r.code = splitAddress(fields[3])
	switch {
	case fields[0] != "MA-L":
		return row{}, false, fmt.Errorf("the Registry is %.20q, not MA-L", fields[0])
	case !assignment.MatchString(r.assignment):
		return row{}, false, fmt.Errorf("the Assignment %.20q is not six hexadecimal digits", fields[1])
	case r.name == "":
		return row{}, false, errors.New("the Organization Name is empty")
	case len([]rune(r.name)) > db.MaxCompanyName:
		return row{}, false, fmt.Errorf("the Organization Name is longer than %d characters", db.MaxCompanyName)
	case r.name == "Private" && r.address == "":
		return r, true, nil
	case r.address == "":
		return row{}, false, errors.New("the Organization Address names no place")
	case len([]rune(r.address)) > db.MaxCompanyAddress:
		return row{}, false, fmt.Errorf("the Organization Address is longer than %d characters", db.MaxCompanyAddress)
	}
	return r, false, nil
}

// lineReader reads records line by line, so that a stray quote costs its own line and not the rest of the file.
type lineReader struct {
	in     *bufio.Reader
	line   int      // number of the last line taken
	ahead  []string // lines read and not taken
	broken error    // what ended the file early
}

// record returns the next record and the line it begins on. io.EOF ends them; any other error is about this record alone,
// unless broken is set.
func (l *lineReader) record() (fields []string, line int, err error) {
	text, err := l.peek(0)
	for err == nil && strings.TrimSpace(text) == "" {
		l.take(1)
		text, err = l.peek(0)
	}
	if err != nil {
		return nil, l.line, err
	}
	line = l.line + 1
	if len(text) > maxLine {
		l.take(1)
		return nil, line, fmt.Errorf("is longer than %d bytes", maxLine)
	}
	for n := 1; ; n++ {
		fields, err = parse(text)
		if err == nil {
			l.take(n)
			return fields, line, nil
		}
		more, end := l.peek(n)
		if strings.Count(text, `"`)%2 == 0 || n == maxSpan || end != nil || len(text)+len(more) > maxLine { // not an open quote
			l.take(1)
			return nil, line, errors.New("has a quote out of place")
		}
		text += "\n" + more
	}
}

func parse(text string) ([]string, error) {
	records := csv.NewReader(strings.NewReader(text))
	records.FieldsPerRecord = -1
	return records.Read()
}

// peek returns the i-th line that is not taken yet.
func (l *lineReader) peek(i int) (string, error) {
	for len(l.ahead) <= i {
		text, err := l.next()
		if err != nil {
			return "", err
		}
		l.ahead = append(l.ahead, text)
	}
	return l.ahead[i], nil
}

func (l *lineReader) take(n int) {
	l.ahead = l.ahead[n:]
	l.line += n
}

// next reads a line. Of one that is too long it keeps only enough to show that.
func (l *lineReader) next() (string, error) {
	var text []byte
	for {
		part, err := l.in.ReadSlice('\n')
		if len(text) <= maxLine {
			text = append(text, part...)
		}
		switch {
		case err == nil:
			return strings.TrimRight(string(text), "\r\n"), nil
		case errors.Is(err, bufio.ErrBufferFull):
		case err == io.EOF && len(text) > 0:
			return string(text), nil
		default:
			if err != io.EOF {
				l.broken = err
			}
			return "", err
		}
	}
}

package walindex

// Header describes the end of a write-ahead log: 32-bit words in the machine's byte order. The zero value is that of a log
// nobody knows anything of.
type Header [words]uint32

const (
	words   = 12
	version = 3007000 // the only one there has ever been
)

// Known reports whether the header could be read.
func (h Header) Known() bool { return h != Header{} }

// After reports whether the log came from the header before to this one by exactly one commit.
func (h Header) After(before Header) bool {
	return h.Known() && before.Known() && h.commits() == before.commits()+1
}

// commits counts the transactions that were committed.
func (h Header) commits() uint32 { return h[2] }

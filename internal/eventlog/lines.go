package eventlog

import (
	"io"
	"sync"
)

// lines writes whole lines one after the other, whoever they come from. While it collects, nobody who logs waits for the reader of the log:
// the lines are kept until [Follow] writes them, so that a burst of events is one write, and a pipe that nobody empties holds up no request.
type lines struct {
	mu         sync.Mutex
	w          io.Writer
	collecting bool
	held       []byte
	lost       uint64        // lines for which there was no room
	more       chan struct{} // has something in it when lines were held since the last look

	written []byte // what held was before; of Follow alone
}

// Bytes that wait to be written.
const (
	manyHeld = 32 << 10 // are written although more is coming
	mostHeld = 1 << 20  // and beyond these lines are lost: whoever reads the log has stopped
)

func newLines(w io.Writer) *lines { return &lines{w: w, more: make(chan struct{}, 1)} }

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.collecting {
		return l.w.Write(line)
	}
	if len(l.held)+len(line) > mostHeld {
		l.lost++
		return len(line), nil
	}
	l.held = append(l.held, line...)
	select {
	case l.more <- struct{}{}:
	default:
	}
	return len(line), nil
}

// collect says whether to hold lines back from now on; what was held is written when not.
func (l *lines) collect(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.collecting = on
	if !on && len(l.held) > 0 {
		_, _ = l.w.Write(l.held) // nobody is left to tell that the log is broken
		l.held = nil
	}
}

// many reports whether so much is held that it should be written.
func (l *lines) many() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.held) >= manyHeld
}

// flush writes what is held, and lets others add to it meanwhile. It returns how many lines were lost so far.
func (l *lines) flush() (lost uint64) {
	l.mu.Lock()
	l.held, l.written = l.written[:0], l.held
	lost = l.lost
	select {
	case <-l.more:
	default:
	}
	l.mu.Unlock()
	if len(l.written) > 0 {
		_, _ = l.w.Write(l.written) // nobody is left to tell that the log is broken
	}
	return lost
}

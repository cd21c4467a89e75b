package eventlog

import (
	"io"
	"sync"
)

// lines writes whole lines one after the other, whoever they come from. While it holds, it collects them, so that a burst
// of events is one write.
type lines struct {
	mu      sync.Mutex
	w       io.Writer
	holding bool
	held    []byte
}

// mostHeld is how many bytes are collected before they are written all the same.
const mostHeld = 32 << 10

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.holding {
		return l.w.Write(line)
	}
	l.held = append(l.held, line...)
	if len(l.held) >= mostHeld {
		return len(line), l.flush()
	}
	return len(line), nil
}

// hold says whether to collect from now on; what was collected is written when not.
func (l *lines) hold(more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holding = more; !more {
		_ = l.flush() // nobody is left to tell that the log is broken
	}
}

func (l *lines) flush() error {
	if len(l.held) == 0 {
		return nil
	}
	_, err := l.w.Write(l.held)
	l.held = l.held[:0]
	return err
}

package event

import (
	"sync"
	"time"
)

// Bus hands every emitted event to every subscriber and remembers the newest ones for those who come later.
// It is safe for concurrent use.
type Bus struct {
	mu          sync.Mutex
	last        uint64
	history     []Event // oldest first, at most keep long
	keep        int
	subscribers map[*Subscription]struct{}
}

// NewBus returns a bus that remembers the newest keep events.
func NewBus(keep int) *Bus {
	return &Bus{keep: keep, subscribers: make(map[*Subscription]struct{})}
}

// Emit numbers the event, stamps it with the time unless it has one, and hands it on. It never waits for a reader.
func (b *Bus) Emit(e Event) {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	if e.Outcome == "" {
		e.Outcome = OutcomeOK
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	e.ID = b.last
	b.history = append(b.history, e)
	if len(b.history) > b.keep {
		b.history = b.history[len(b.history)-b.keep:]
	}
	for s := range b.subscribers {
		s.offer(e)
	}
}

// Subscription is one reader of the bus.
type Subscription struct {
	C      <-chan Event // closed by Close
	c      chan Event
	bus    *Bus
	missed uint64
}

// subscriptionBuffer is how many events a reader may lag behind before it misses some.
const subscriptionBuffer = 256

// Subscribe returns the remembered events with an ID above after, oldest first, and a subscription to all that follow.
// Nothing is missed and nothing repeated between the two. The caller must Close the subscription.
func (b *Bus) Subscribe(after uint64) ([]Event, *Subscription) {
	return b.SubscribeWithRoom(after, subscriptionBuffer)
}

// SubscribeWithRoom is Subscribe for a reader that may lag behind by so many events before it misses some.
func (b *Bus) SubscribeWithRoom(after uint64, room int) ([]Event, *Subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var past []Event
	for _, e := range b.history {
		if e.ID > after {
			past = append(past, e)
		}
	}
	c := make(chan Event, room)
	s := &Subscription{C: c, c: c, bus: b}
	b.subscribers[s] = struct{}{}
	return past, s
}

// offer is called with the bus locked.
func (s *Subscription) offer(e Event) {
	select {
	case s.c <- e:
	default:
		s.missed++
	}
}

// Missed returns how many events this reader was too slow for.
func (s *Subscription) Missed() uint64 {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	return s.missed
}

// Close ends the subscription and closes C. Calling it again does nothing.
func (s *Subscription) Close() {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	if _, open := s.bus.subscribers[s]; open {
		delete(s.bus.subscribers, s)
		close(s.c)
	}
}

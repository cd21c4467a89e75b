package eventlog

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"silentrenew/internal/event"
)

// pause is how long Follow lets events gather once it has written all there were. To be woken for each of them would cost more than
// to write it; while requests come as fast as they can, some dozens gather.
const pause = 5 * time.Millisecond

// room is how many events may gather for the log. With some hundred clients on a busy machine a tenth of a second goes by before
// it is the log's turn, and a thousand events.
const room = 4096

// lastWrite is how long the end of the program waits for whoever reads the log.
const lastWrite = 2 * time.Second

// Follow writes every event of the bus to the logger, and what else is logged, until the returned function is called. That waits for the last
// line, unless nobody reads the log any more.
func Follow(bus *event.Bus, log Logger) (stop func()) {
	_, events := bus.SubscribeWithRoom(0, room)
	log.lines.collect(true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		log.follow(events)
	}()
	return func() {
		events.Close()
		select {
		case <-done:
			log.lines.collect(false)
		case <-time.After(lastWrite):
		}
	}
}

// follow is the only one that waits for whoever reads the log.
func (l Logger) follow(events *event.Subscription) {
	var told uint64
	for open := true; open; {
		var e event.Event
		select {
		case e, open = <-events.C:
			if open {
				l.Write(e)
			}
		case <-l.lines.more:
		}
		if len(events.C) > 0 && !l.lines.many() {
			continue
		}
		if missed := l.lines.flush() + events.Missed(); missed > told {
			l.Warn("the log was too slow for some lines", "missed", missed-told)
			told = missed
		}
		if open {
			time.Sleep(pause)
		}
	}
}

// Write writes one event as one line.
func (l Logger) Write(e event.Event) {
	level := levelOf(e)
	if !l.Enabled(context.Background(), level) {
		return
	}
	if l.people {
		record := slog.NewRecord(e.Time.Local(), level, fmt.Sprintf("%-4s %-20s", e.Role, e.Kind), 0)
		record.AddAttrs(compared(e)...)
		_ = l.Handler().Handle(context.Background(), record) // nobody is left to tell that the log is broken
		return
	}
	l.object(level, e)
}

// levelOf decides who wants to see the event.
func levelOf(e event.Event) slog.Level {
	switch {
	case e.Outcome == "server_error":
		return slog.LevelError
	case e.Kind == "notfound": // browsers and robots ask for things that nobody has
		return slog.LevelDebug
	case e.Outcome == "login_required": // how every renewal ends once the cookie is gone: news, not trouble
		return slog.LevelInfo
	case !e.OK():
		return slog.LevelWarn
	case noise[e.Kind]:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// noise is what clients fetch all the time without anything happening.
var noise = map[string]bool{"discovery": true, "jwks": true, "checksession": true, "home": true, "fragment": true}

// telling are the request parameters that tell one request from the next at a glance; the rest is for the sequence view.
var telling = []string{"prompt", "grant_type", "method", "path"}

// shown returns the names of the parameters people see: of a request the telling ones, of anything else all, because they
// are what the event is about (which setting changed, to what).
func shown(e event.Event) []string {
	if e.Role == event.RolePage || strings.HasSuffix(e.Kind, ".changed") || strings.HasSuffix(e.Kind, ".created") {
		return slices.Sorted(maps.Keys(e.Parameters))
	}
	return telling
}

// compared returns what people compare between lines, always in the same order.
func compared(e event.Event) []slog.Attr {
	var attrs []slog.Attr
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	add("client_id", e.ClientID)
	add("sub", e.Subject)
	for _, name := range shown(e) {
		add(name, e.Parameters[name])
	}
	add("outcome", e.Outcome)
	add("reason", e.Reason)
	if e.Status != 0 {
		attrs = append(attrs, slog.Int("status", e.Status))
	}
	if e.Duration > 0 {
		attrs = append(attrs, slog.Duration("duration", e.Duration.Round(100*time.Microsecond)))
	}
	add("correlation_id", e.CorrelationID)
	return attrs
}

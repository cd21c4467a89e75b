package event_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"silentrenew/internal/event"
)

func TestBusHandsEveryEventToEverySubscriberInOrder(t *testing.T) {
	bus := event.NewBus(10)
	_, first := bus.Subscribe(0)
	_, second := bus.Subscribe(0)
	defer first.Close()
	defer second.Close()
	for i := range 3 {
		bus.Emit(event.Event{Kind: fmt.Sprint(i)})
	}
	for name, s := range map[string]*event.Subscription{"first": first, "second": second} {
		for i := range 3 {
			if got := <-s.C; got.Kind != fmt.Sprint(i) || got.ID != uint64(i+1) || got.Time.IsZero() || !got.OK() {
				t.Errorf("%s: event %d is %+v", name, i, got)
			}
		}
	}
}

func TestBusReplaysWhatALateSubscriberMissed(t *testing.T) {
	bus := event.NewBus(3)
	for i := range 5 {
		bus.Emit(event.Event{Kind: fmt.Sprint(i)})
	}
	for _, row := range []struct {
		after uint64
		want  string
	}{{0, "2 3 4"}, {4, "4"}, {5, ""}} {
		past, s := bus.Subscribe(row.after)
		s.Close()
		var kinds []string
		for _, e := range past {
			kinds = append(kinds, e.Kind)
		}
		if got := strings.Join(kinds, " "); got != row.want {
			t.Errorf("after %d: got %q, want %q", row.after, got, row.want)
		}
	}
}

func TestBusNeverWaitsForASlowReader(t *testing.T) {
	bus := event.NewBus(1)
	_, slow := bus.Subscribe(0)
	for range 1000 {
		bus.Emit(event.Event{Kind: "token"}) // would hang here
	}
	if missed := slow.Missed(); missed == 0 || missed >= 1000 {
		t.Errorf("missed %d of 1000, want some but not all", missed)
	}
	slow.Close()
	slow.Close() // harmless
	bus.Emit(event.Event{Kind: "after close"})
}

func TestBusConcurrentUse(t *testing.T) {
	bus := event.NewBus(100)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				bus.Emit(event.Event{})
				_, s := bus.Subscribe(0)
				s.Close()
			}
		})
	}
	wg.Wait()
	past, s := bus.Subscribe(0)
	defer s.Close()
	if last := past[len(past)-1].ID; last != 800 {
		t.Errorf("last event has ID %d, want 800", last)
	}
}

// A36: secrets and tokens are masked, what the learner came to see is not.
func TestA36MaskHidesSecretsAndKeepsTheLesson(t *testing.T) {
	got := event.Mask(url.Values{
		"code": {"c0de"}, "Code_Verifier": {"v"}, "id_token_hint": {"eyJ"}, "client_secret": {"s"}, "refresh_token": {"r"}, "password": {"p"}, "token": {"t"},
		"prompt": {"none"}, "state": {"abc"}, "nonce": {"n"}, "code_challenge": {"E9"}, "scope": {"openid", "profile"}, "empty": {""},
		"logout_token": {"l"}, "registration_access_token": {"r"}, "DPoP": {"d"}, "client_secret[]": {"s"}, "clientSecret": {"s"}, " Refresh-Token": {"r"}, "token_type_hint": {"access_token"}, "login_hint": {"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "Mick"},
	})
	for name, value := range map[string]string{
		"code": "***", "Code_Verifier": "***", "id_token_hint": "***", "client_secret": "***", "refresh_token": "***", "password": "***", "token": "***",
		"prompt": "none", "state": "abc", "nonce": "n", "code_challenge": "E9", "scope": "openid profile", "empty": "",
		"logout_token": "***", "registration_access_token": "***", "DPoP": "***", "client_secret[]": "***", "clientSecret": "***", " Refresh-Token": "***", "token_type_hint": "access_token", "login_hint": "*** Mick",
	} {
		if got[name] != value {
			t.Errorf("%s: got %q, want %q", name, got[name], value)
		}
	}
}

// Whatever a client sends in the wrong form, its secret is not told (decision 12).
func TestMaskTellsNoSecretThatCameAsAName(t *testing.T) {
	for _, name := range []string{
		`{"grant_type":"x","client_secret":"hush"}`, `["hush"]`, "eyJhbGciOiJub25lIn0.eyJodXNoIjoxfQ.", strings.Repeat("hush", 20),
	} {
		got := event.Mask(url.Values{name: {`an equals sign before "hush"`}})
		if len(got) != 1 || got["***"] != "***" {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := event.Mask(url.Values{"items[]": {"1"}}); got["items[]"] != "1" {
		t.Errorf("a name of another kind: %v", got)
	}
}

func TestPrintableLeavesNothingThatMovesTheCursor(t *testing.T) {
	for in, want := range map[string]string{
		"Zoë 💩 日本": "Zoë 💩 日本", "a\nb": "a�b", "\x1b[31m": "�[31m", "a\u2028b": "a�b", "a\u202etxt.exe": "a�txt.exe", "a\u200bb": "a�b", "\xff": "�",
		"\u0085": "�",
	} {
		if got := event.Printable(in, 20); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestValidCorrelationID(t *testing.T) {
	for id, want := range map[string]bool{
		"abcd": true, event.NewCorrelationID(): true, strings.Repeat("a", 64): true,
		"": false, "abc": false, strings.Repeat("a", 65): false, "a b c d": false, "abcd\n": false, "ab<cd>": false,
	} {
		if got := event.ValidCorrelationID(id); got != want {
			t.Errorf("%q: got %t, want %t", id, got, want)
		}
	}
}

func TestE19CorrelationIDComesFromHeaderThenQueryThenFresh(t *testing.T) {
	r := httptest.NewRequest("GET", "/?correlation_id=from-query", nil)
	if got := event.CorrelationID(r); got != "from-query" {
		t.Errorf("query: got %q", got)
	}
	r.Header.Set("X-Correlation-ID", "from-header")
	if got := event.CorrelationID(r); got != "from-header" {
		t.Errorf("header: got %q", got)
	}
	r = httptest.NewRequest("GET", "/?correlation_id=%0aforged", nil)
	if got := event.CorrelationID(r); !event.ValidCorrelationID(got) {
		t.Errorf("invalid in query: got %q, want a fresh one", got)
	}
}

// Whatever a stranger sends, an event holds one line of valid text of bounded size and no secret.
func FuzzMask(f *testing.F) {
	f.Add("code=abc&state=x%0ay&state=z")
	f.Add("%ff=%00&password=p")
	f.Add("a=" + strings.Repeat("é", 2000))
	f.Fuzz(func(t *testing.T, query string) {
		values, _ := url.ParseQuery(query)
		for name, value := range event.Mask(values) {
			for _, s := range []string{name, value} {
				if !utf8.ValidString(s) || strings.ContainsAny(s, "\r\n\x00\x1b") || utf8.RuneCountInString(s) > 501 {
					t.Errorf("unprintable or long: %q", s)
				}
			}
			if name == "password" && value != "" && value != "***" {
				t.Errorf("password shown: %q", value)
			}
		}
	})
}

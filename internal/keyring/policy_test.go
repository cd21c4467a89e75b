package keyring

import (
	"testing"
	"time"

	"silentrenew/db"
)

const day = 24 * time.Hour

func TestI20WhatIsDue(t *testing.T) {
	start := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	key := func(generation int, signsFrom, longest time.Duration) db.SigningKey {
		return db.SigningKey{Generation: generation, SignsFrom: start.Add(signsFrom), LongestLifetime: longest}
	}
	for name, row := range map[string]struct {
		keys       []db.SigningKey // newest first
		after      time.Duration
		generation int // to make
		signsFrom  time.Duration
		over       int // how many go
	}{
		"no key":                                  {nil, 0, 1, 0, 0},
		"young":                                   {[]db.SigningKey{key(1, 0, time.Hour)}, 75 * day, 0, 0, 0},
		"to be announced":                         {[]db.SigningKey{key(1, 0, time.Hour)}, 76 * day, 2, 90 * day, 0},
		"nobody was there for a year":             {[]db.SigningKey{key(1, 0, time.Hour)}, 365 * day, 2, 379 * day, 0},
		"announced":                               {[]db.SigningKey{key(2, 90*day, 0), key(1, 0, time.Hour)}, 80 * day, 0, 0, 0},
		"its last token lives":                    {[]db.SigningKey{key(2, 90*day, 0), key(1, 0, 30*day)}, 120 * day, 0, 0, 0},
		"its last token has just expired":         {[]db.SigningKey{key(2, 90*day, 0), key(1, 0, 30*day)}, 133 * day, 0, 0, 0},
		"over":                                    {[]db.SigningKey{key(2, 90*day, 0), key(1, 0, 30*day)}, 135 * day, 0, 0, 1},
		"overtaken before it ever signed":         {[]db.SigningKey{key(3, 80*day, 0), key(2, 90*day, 0), key(1, 0, time.Hour)}, 93 * day, 0, 0, 0},
		"overtaken, and both are over":            {[]db.SigningKey{key(3, 80*day, 0), key(2, 90*day, 0), key(1, 0, time.Hour)}, 95 * day, 0, 0, 2},
		"a token of ten years keeps its key":      {[]db.SigningKey{key(2, 90*day, 0), key(1, 0, 3650*day)}, 150 * day, 0, 0, 0},
		"a manual one waits for its two minutes":  {[]db.SigningKey{key(2, 2*time.Minute, 0), key(1, 0, time.Hour)}, time.Minute, 0, 0, 0},
		"and is then announced by its own length": {[]db.SigningKey{key(2, 2*time.Minute, 0), key(1, 0, time.Hour)}, 76*day + 2*time.Minute, 3, 90*day + 2*time.Minute, 1},
	} {
		t.Run(name, func(t *testing.T) {
			now := start.Add(row.after)
			got := DefaultPolicy.due(row.keys, now)
			if got.generation != row.generation || len(got.over) != row.over {
				t.Errorf("make generation %d, retire %d; want %d, %d", got.generation, len(got.over), row.generation, row.over)
			}
			if row.generation > 0 && !got.signsFrom.Equal(start.Add(row.signsFrom)) {
				t.Errorf("it signs from %v, want %v", got.signsFrom.Sub(start), row.signsFrom)
			}
			if !got.next.After(now) {
				t.Errorf("to do again at %v, which is not later than now", got.next.Sub(start))
			}
		})
	}
}

func TestI20AShortIntervalDoesNotPileUpKeys(t *testing.T) {
	policy := Policy{Rotation: time.Hour, Propagation: 14 * day, Retention: 14 * day}
	now := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	var keys []db.SigningKey
	most := 0
	for range 24 * 60 { // two months, hour by hour
		due := policy.due(keys, now)
		keys = keys[:len(keys)-len(due.over)]
		if due.generation > 0 {
			keys = append([]db.SigningKey{{Generation: due.generation, SignsFrom: due.signsFrom}}, keys...)
		}
		most = max(most, len(keys))
		now = now.Add(time.Hour)
	}
	if most > 4 {
		t.Errorf("%d keys at a time", most)
	}
}

func TestSignerIsTheNewestWhoseTimeHasCome(t *testing.T) {
	now := time.Now()
	at := func(offset int) time.Time { return now.Add(time.Duration(offset) * time.Minute) }
	for name, row := range map[string]struct {
		offsets []int // newest first
		want    int
	}{
		"the newest":                      {[]int{-1, -2}, -1},
		"the one before":                  {[]int{1, -2}, -2},
		"the oldest, when none has begun": {[]int{2, 1}, 1},
	} {
		if got := Signer(row.offsets, at, now); got != row.want {
			t.Errorf("%s: got %d, want %d", name, got, row.want)
		}
	}
}

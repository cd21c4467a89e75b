package idp

import (
	"testing"
	"testing/synctest"
)

// A3, A8, A9: through the whole front channel.
func TestA9LoginReturnsToTheCallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		form := b.follow(b.get(s.authorizeURL()))
		answer := b.follow(b.submitLogin(form, "Mick", "MickPassword"))
		t.Log(answer.StatusCode, answer.Header)
		for _, e := range s.events() {
			t.Logf("%+v", e)
		}
	})
}

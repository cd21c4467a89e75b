package walk

import (
	"strings"
	"testing"
)

// TestE6StrategiesSideBySide: the page switches between the strategies, and its evidence says where the tokens are under each, what the
// provider answers to a hidden frame, and which hops a renewal takes.
func TestE6StrategiesSideBySide(t *testing.T) {
	_, b := walk(t)
	b.signIn("Mick", "MickPassword")
	b.open("/strategies")
	try := func(what string) string {
		b.click("[data-try=" + what + "]")
		result := "document.querySelector('[data-result=" + what + "]')"
		b.waitFor(result+".innerText.length > 3 && !document.querySelector('[data-try="+what+"]').disabled", patience)
		return b.text("[data-result=" + what + "]")
	}
	for _, row := range []struct{ strategy, stored, hops string }{
		{"iframe", `Yes: sessionStorage`, "authorize token userinfo"},
		{"refresh", `Yes: localStorage`, "token"},
		{"bff", `No:`, "token bff.renewed"},
	} {
		b.click("[data-way=" + row.strategy + "] [data-use]")
		b.waitFor(`document.querySelector("[data-way=`+row.strategy+`]").hasAttribute("data-current")`, patience)
		if b.becomes(visible("#login"), poll) {
			b.click("#login") // without a password
			b.waitSignedIn()
		}
		if row.strategy == "refresh" {
			try("renew") // it may have to fetch its refresh token first
		}
		if got := try("search"); !strings.HasPrefix(got, row.stored) {
			t.Errorf("%s: search says %q, want %q", row.strategy, got, row.stored)
		}
		if got := try("frame"); !strings.HasPrefix(got, "Yes") {
			t.Errorf("%s: the frame says %q", row.strategy, got)
		}
		if got := try("renew"); !strings.HasPrefix(got, "Renewed") {
			t.Errorf("%s: renew says %q", row.strategy, got)
		}
		hops := b.text("[data-hops]")
		for _, hop := range strings.Fields(row.hops) {
			if !strings.Contains(hops, ": "+hop) {
				t.Errorf("%s: no %s among %q", row.strategy, hop, hops)
			}
		}
		if row.strategy != "iframe" && strings.Contains(hops, "authorize") {
			t.Errorf("%s: a renewal went to the authorization endpoint: %q", row.strategy, hops)
		}
		b.sees("[data-way=" + row.strategy + "] [data-measured]")
	}
}

package walk

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestE7ThirdPartyCookies: page and provider are two sites over https, so the provider's cookie says SameSite=None and it is the browser that
// decides. Where it lets such cookies be, the hidden frame renews. Where it blocks them, the frame hears login_required, the page keeps its
// token and does not loop, and the two strategies that need no frame go on.
func TestE7ThirdPartyCookies(t *testing.T) {
	for name, row := range map[string]struct {
		flags []chromedp.ExecAllocatorOption
		frame string // how the answer to the hidden frame begins
	}{
		"allowed": {nil, "Yes"},
		"blocked": {[]chromedp.ExecAllocatorOption{chromedp.Flag("test-third-party-cookie-phaseout", true)}, "No: login_required"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chromium.start(t)
			p := startOnTwoSitesTLS(t)
			profile := t.TempDir()
			writePreferences(t, profile, `{"profile": {"cookie_controls_mode": 0, "block_third_party_cookies": false}}`)
			options := append(browserOptions(), chromedp.UserDataDir(profile), chromedp.Flag("ignore-certificate-errors", true))
			allocator, cancel := chromedp.NewExecAllocator(context.Background(), append(options, row.flags...)...)
			t.Cleanup(cancel)
			b := newTab(t, p, allocator)
			b.configure(map[string]any{"strategy": "iframe", "monitorSession": false})
			b.signIn("Mick", "MickPassword")

			ask := func(what string) string {
				b.open("/strategies")
				b.click("[data-try=" + what + "]")
				b.waitFor(`document.querySelector('[data-result=`+what+`]').innerText.length > 3 && !document.querySelector('[data-try=`+what+`]').disabled`, patience)
				return b.text("[data-result=" + what + "]")
			}
			if got := ask("frame"); !strings.HasPrefix(got, row.frame) {
				t.Errorf("the hidden frame: %q, want %q", got, row.frame)
			}
			mark := p.log.mark()
			renewed := strings.HasPrefix(ask("renew"), "Renewed")
			if renewed != (name == "allowed") {
				t.Errorf("renewed by the frame: %v", renewed)
			}
			if tries := p.events(mark, with(is("authorize"), "prompt", "none")); len(tries) > 2 { // the renewal, and who else it might be
				t.Errorf("%d silent authorization requests: a loop (R14)", len(tries))
			}
			b.waitSignedIn() // the token lives on

			for _, strategy := range []string{"refresh", "bff"} {
				b.configure(map[string]any{"strategy": strategy})
				if !b.becomes(visible("#logout"), poll) {
					b.click("#login")
					b.waitSignedIn()
				}
				if strategy == "bff" || name == "blocked" { // a refresh token is asked for at the next sign-in, which needs no password
					b.open("/companies")
					b.waitText("main", "IT_Solutions Ltd")
				}
			}
			if got := ask("renew"); !strings.HasPrefix(got, "Renewed") {
				t.Errorf("the BFF: %q", got)
			}
			if forms := p.events(mark, is("login.form")); len(forms) > 0 {
				t.Errorf("a password form was shown: %v", forms)
			}
		})
	}
}

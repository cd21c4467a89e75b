package walk

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestCookiesBlockedInTheFrame: where the provider is another site than the page, the browser sends no cookie from the
// hidden frame. The learner reads why the renewal failed; nothing loops; pressing Login asks for no password, because at
// the top of the window the cookie is there.
func TestCookiesBlockedInTheFrame(t *testing.T) {
	t.Parallel()
	chromium.start(t)
	p := startOnTwoSites(t)
	b := openBrowser(t, p)
	p.setAccessTokenLifetime(8)
	b.open("/")
	b.renewWithLead(4)
	b.signIn("Mick", "MickPassword")
	mark := p.log.mark()

	p.waitEvent(mark, 20*time.Second, with(is("silent_renew.error"), "outcome", "login_required"))
	b.waitText("body", "login_required")
	b.waitSignedOut(8*time.Second + poll + 2*time.Second)
	if tries := p.events(mark, with(is("authorize"), "prompt", "none")); len(tries) > 2 { // the renewal, and the session monitor
		t.Errorf("%d silent authorization requests, want at most 2", len(tries))
	}
	quiet := p.log.mark()
	p.never(quiet, 3*time.Second, is("authorize"))

	b.click("#login")
	b.waitSignedIn()
	if forms := p.events(quiet, is("login.form")); len(forms) > 0 {
		t.Errorf("a password form was shown: %v", forms)
	}
}

// TestAllCookiesBlocked: a browser that keeps nothing for any site gets a reason in words, not a blank page or a loop.
func TestAllCookiesBlocked(t *testing.T) {
	t.Parallel()
	chromium.start(t)
	p := startProgram(t)
	profile := t.TempDir()
	writePreferences(t, profile, `{"profile": {"default_content_setting_values": {"cookies": 2}, "block_third_party_cookies": true}}`)
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), append(browserOptions(), chromedp.UserDataDir(profile))...)
	t.Cleanup(cancel)
	b := newTab(t, p, allocator)

	b.openURL(p.spa)
	b.waitText("body", "cookies")
	if eval[bool](b, visible("#login")) {
		b.click("#login")
	}
	p.never(0, 3*time.Second, is("login.form", "token")) // nothing could outlive the redirect, so it is not begun
	b.waitText("body", "cookies")
}

// writePreferences decides what a new profile of the browser begins with.
func writePreferences(t *testing.T, profile, preferences string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(profile, "Default"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(profile, "Default", "Preferences"), []byte(preferences), 0o600); err != nil {
		t.Fatal(err)
	}
}

package walk

import (
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// freeze stops a page as the browser does with one that nobody looks at: timers stand still. Thawed, it goes on.
func (b *browser) freeze(frozen bool) {
	b.t.Helper()
	state := page.SetWebLifecycleStateStateActive
	if frozen {
		state = page.SetWebLifecycleStateStateFrozen
	}
	if _, err := chromedp.Call(b.ctx, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: state}); err != nil {
		b.t.Fatal(err)
	}
}

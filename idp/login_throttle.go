package idp

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// How wrong passwords are slowed down. The counts live in the database, so that a restart or a second process does not
// give an attacker a fresh start.
const (
	loginWindow  = 15 * time.Minute // failures further apart do not add up
	firstBlock   = 30 * time.Second // doubled with each further failure
	longestBlock = 15 * time.Minute
	accountBlock = time.Minute
	perPair      = 5  // failures for one account from one address, or from one browser that knows the account
	perAddress   = 50 // failures from one address, whatever the account: a class room shares one
	perAccount   = 30 // failures for one account, wherever they come from
	ipv6Network  = 64 // prefix length of what one IPv6 subscriber has
)

// loginLimit says how many failures one key may collect before attempts are refused, and for how long at most.
type loginLimit struct {
	key     string
	allowed int
	longest time.Duration
}

// block is how long attempts are refused after so many failures.
func (l loginLimit) block(failures int) time.Duration {
	if failures < l.allowed {
		return 0
	}
	doublings := min(failures-l.allowed, 10)
	return min(firstBlock<<doublings, l.longest)
}

// loginLimits returns the limits for an attempt. Guessing from many addresses is slowed by the limit on the account, which
// alone would let an attacker keep the owner out. So its block is short, and it does not count for a browser in which the
// owner has signed in before (known_browser.go): that one has a limit of its own, which strangers cannot use up.
func (p *Provider) loginLimits(c *gin.Context, username, subject string) []loginLimit {
	if browser := p.knownBrowser(c, subject); browser != "" {
		return []loginLimit{{"browser:" + sessionKey(browser), perPair, longestBlock}}
	}
	account, address := strings.ToLower(username), network(c.ClientIP())
	return []loginLimit{
		{"pair:" + sessionKey(account+"\n"+address), perPair, longestBlock},
		{"address:" + sessionKey(address), perAddress, longestBlock},
		{"account:" + sessionKey(account), perAccount, accountBlock},
	}
}

// network is the part of an address that one attacker does not change at will.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	prefix, err := ip.WithZone("").Prefix(ipv6Network)
	if err != nil {
		return address
	}
	return prefix.String()
}

// attemptLogin compares a password unless there were too many wrong ones. Few comparisons run at once, because each takes
// much memory and time on purpose; and since the limits are looked at inside, a burst of attempts gains at most as many
// as there are slots. It returns a *loginRefused while attempts are refused: those do not count, so a block ends.
func (p *Provider) attemptLogin(c *gin.Context, username, subject string, compare func() (bool, error)) (bool, error) {
	ctx := c.Request.Context()
	select {
	case p.comparisons <- struct{}{}:
		defer func() { <-p.comparisons }()
	case <-ctx.Done():
		return false, fmt.Errorf("wait for a password comparison: %w", ctx.Err())
	}
	limits := p.loginLimits(c, username, subject)
	if err := p.checkLimits(ctx, limits); err != nil {
		return false, err
	}
	match, err := compare()
	if err != nil {
		return false, err
	}
	if !match {
		return false, p.countFailure(ctx, limits)
	}
	return true, p.db.ClearLoginFailures(ctx, limits[0].key) // not the others: an attacker has an account, too
}

func (p *Provider) checkLimits(ctx context.Context, limits []loginLimit) error {
	now := time.Now()
	var wait time.Duration
	for _, limit := range limits {
		until, err := p.db.LoginBlocked(ctx, limit.key, now)
		if err != nil {
			return err
		}
		wait = max(wait, until.Sub(now))
	}
	if wait > 0 {
		return &loginRefused{retryAfter: (wait + time.Second - 1).Truncate(time.Second)}
	}
	return nil
}

// countFailure counts also when the connection has been closed by now, or hanging up early would be a free attempt.
func (p *Provider) countFailure(ctx context.Context, limits []loginLimit) error {
	ctx, now := context.WithoutCancel(ctx), time.Now()
	for _, limit := range limits {
		failures, err := p.db.CountLoginFailure(ctx, limit.key, now, loginWindow)
		if err != nil {
			return err
		}
		if block := limit.block(failures); block > 0 {
			if err := p.db.BlockLogin(ctx, limit.key, now, now.Add(block)); err != nil {
				return err
			}
		}
	}
	return nil
}

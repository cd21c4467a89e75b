package views

import (
	"fmt"
	"strings"
	"time"
)

// IDPSite is what every page of the provider needs to know about its own site.
type IDPSite struct {
	Home   string // path of the provider's own first page
	Static string // path of the static files, without a trailing slash
	Host   string // host and path of the issuer, for people: "localhost:5005"
	Lab    bool   // the provider may be told new lifetimes from a page
}

// static returns the path of one static file.
func (s IDPSite) static(name string) string { return s.Static + "/" + name }

// IDPField is a hidden form field.
type IDPField struct{ Name, Value string }

// HumanDuration says a duration in words, for the command line: every lifetime reads the same everywhere (I21).
func HumanDuration(d time.Duration) string { return humanDuration(d) }

// humanDuration says a duration in whole words, at most two units: "10 hours", "1 minute 30 seconds", "30 days".
// Anything below a second counts as one.
func humanDuration(d time.Duration) string {
	d = max(d.Round(time.Second), time.Second)
	units := []struct {
		name string
		size time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}}
	var words []string
	for _, unit := range units {
		n := d / unit.size
		d -= n * unit.size
		switch {
		case n == 1:
			words = append(words, "1 "+unit.name)
		case n > 1:
			words = append(words, fmt.Sprintf("%d %ss", n, unit.name))
		}
		if len(words) == 2 || len(words) == 1 && n == 0 {
			break
		}
	}
	return strings.Join(words, " ")
}

// seconds says a duration as the protocol does, with its unit: "14400 s".
func seconds(d time.Duration) string { return fmt.Sprintf("%d s", d/time.Second) }

package serve

import "runtime/debug"

// gcPercent lets the heap grow to five times what is alive before it is collected. What is alive is a few megabytes, and
// every request leaves garbage: at the usual 100 the collector takes a tenth of a renewal's time, for memory nobody misses.
const gcPercent = 400

// CollectLess sets the collector's pace, unless the variable GOGC does.
func CollectLess(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

//go:build !linux && !darwin

package walindex

// Index knows nothing on this operating system.
type Index struct{}

// Open returns nil.
func Open(string) *Index { return nil }

// Header returns the header that is not known.
func (*Index) Header() Header { return Header{} }

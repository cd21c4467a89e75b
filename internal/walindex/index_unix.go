//go:build linux || darwin

package walindex

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Index is the shared memory of one database. It is safe for concurrent use, and so is nil, which knows nothing.
type Index struct {
	file   int
	shared *[2 * words]uint32
}

// Open looks at the database in the file at path, to which the caller has a connection. It returns nil where there is nothing
// to look at. What it opens it never closes: a process loses the locks it holds on a file, SQLite's too, as soon as it
// closes any descriptor of that file (fcntl(2)).
func Open(path string) *Index {
	file, err := syscall.Open(path+"-shm", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	const size = 2 * words * 4
	var stat syscall.Stat_t
	if err := syscall.Fstat(file, &stat); err != nil || stat.Size < size {
		return nil
	}
	memory, err := syscall.Mmap(file, 0, size, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil
	}
	return &Index{file: file, shared: (*[2 * words]uint32)(unsafe.Pointer(&memory[0]))}
}

// Header returns where the log ends now. It is unknown while somebody writes it, and from when the file was deleted on, which the
// last connection does.
func (x *Index) Header() (h Header) {
	if x == nil {
		return Header{}
	}
	for i := range h {
		h[i] = atomic.LoadUint32(&x.shared[i])
	}
	for i := range h { // whoever writes begins with the second copy
		if atomic.LoadUint32(&x.shared[words+i]) != h[i] {
			return Header{}
		}
	}
	var stat syscall.Stat_t
	if h[0] != version || syscall.Fstat(x.file, &stat) != nil || stat.Nlink == 0 {
		return Header{}
	}
	return h
}

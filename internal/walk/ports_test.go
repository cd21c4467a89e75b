package walk

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"

	"silentrenew/internal/serve"
)

// ports remembers what freeAddress gave away, so that walks that run at once do not choose the same.
var ports struct {
	sync.Mutex
	taken map[int]bool
}

// freeAddress returns an address nobody listens on, below the range that the system gives to outgoing connections.
func freeAddress(t *testing.T) string {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	if ports.taken == nil {
		ports.taken = map[int]bool{}
	}
	for range 1000 {
		port := 20000 + rand.IntN(12000)
		if ports.taken[port] {
			continue // not even to try it: while we hold it, the program that was promised it may start
		}
		address := net.JoinHostPort("localhost", fmt.Sprint(port))
		listener, err := serve.Listen(t.Context(), address, "")
		if err != nil {
			continue
		}
		listener.Close()
		ports.taken[port] = true
		return address
	}
	t.Fatal("no free port")
	return ""
}

// TestFreeAddressLeavesPromisedPortsAlone: choosing a port must never hold one that another walk's program is about to open.
func TestFreeAddressLeavesPromisedPortsAlone(t *testing.T) {
	promised := make([]string, 500)
	for i := range promised {
		promised[i] = freeAddress(t)
	}
	for _, address := range promised {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatalf("%s was promised and cannot be opened: %v", address, err)
		}
		listener.Close()
	}
}

package walk

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestMain lets a few walks go at once unless -parallel says otherwise: they wait far more than they work, so the number of
// cores says little.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == fmt.Sprint(runtime.GOMAXPROCS(0)) {
		if err := f.Value.Set("8"); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	chromium.close()
	if binary.dir != "" {
		os.RemoveAll(binary.dir)
	}
	os.Exit(code)
}

// binary is the program under test, built once.
var binary struct {
	once sync.Once
	dir  string
	path string
	err  error
}

// buildBinary returns the path of the program, the same that `go run .` runs.
func buildBinary(t *testing.T) string {
	t.Helper()
	binary.once.Do(func() {
		if binary.dir, binary.err = os.MkdirTemp("", "silentrenew-walk"); binary.err != nil {
			return
		}
		binary.path = filepath.Join(binary.dir, "silentrenew")
		if runtime.GOOS == "windows" {
			binary.path += ".exe"
		}
		if binary.err = lookAtSources("../.."); binary.err != nil {
			return
		}
		build := exec.Command("go", "build", "-o", binary.path, "silentrenew")
		if out, err := build.CombinedOutput(); err != nil {
			binary.err = fmt.Errorf("go build: %w\n%s", err, out)
		}
	})
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	return binary.path
}

// lookAtSources reads the program's folders. go test keeps a result until something changes that the test itself has looked at, and it
// is another process that reads the sources here: without this a walk would pass from memory after they changed.
func lookAtSources(root string) error {
	return filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), ".") {
			return filepath.SkipDir
		}
		return err
	})
}

// chromium is the one browser process that all walks share; each walk has a profile of its own in it.
var chromium browserProcess

type browserProcess struct {
	once sync.Once
	ctx  context.Context
	stop context.CancelFunc
	err  error
}

func (p *browserProcess) close() {
	if p.stop != nil {
		p.stop()
	}
}

// start starts the browser, or skips the test when this machine has none.
func (p *browserProcess) start(t *testing.T) context.Context {
	t.Helper()
	p.once.Do(func() {
		allocator, stop := chromedp.NewExecAllocator(context.Background(), browserOptions()...)
		ctx, cancel := chromedp.NewContext(allocator)
		p.ctx, p.stop = ctx, func() { cancel(); stop() }
		p.err = chromedp.Do(ctx)
	})
	switch {
	case p.err == nil:
		return p.ctx
	case errors.Is(p.err, exec.ErrNotFound) && !strings.Contains(os.Getenv("SILENTRENEW_REQUIRE"), "chromium"):
		t.Skip("needs Chromium or Chrome, and neither is on this machine")
	default:
		t.Fatalf("start Chromium: %v", p.err)
	}
	return nil
}

// browserOptions are the flags of every browser we start.
func browserOptions() []chromedp.ExecAllocatorOption {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.DisableGPU, chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-component-update", true), // asks nobody on the network
		chromedp.Flag("disable-quic", true),
		// A browser gives pages that nobody looks at a slower clock. All our pages but one are such pages.
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,IntensiveWakeUpThrottling,HttpsUpgrades"))
	if os.Geteuid() == 0 { // Chromium's sandbox refuses to run as root
		options = append(options, chromedp.NoSandbox)
	}
	return options
}

package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// FS holds the files under their path in this folder: css/base.css, js/app.js, third_party/….
//
//go:embed *.svg css/*.css js/*.js third_party/*/*.js third_party/jose/*/*.js third_party/jose/*/*/*.js third_party/*/LICENSE*
var FS embed.FS

// Files serves FS below a prefix and knows the address of each file. Once its files are joined it is safe for concurrent use.
type Files struct {
	prefix string
	byName map[string]*file
}

type file struct {
	body        []byte
	contentType string
	fingerprint string
	zipped      func() []byte // nil when compression does not make it smaller
}

// contentTypes names what we serve, so that the answer does not depend on the tables of the machine.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8",
}

// New returns the files as served below prefix, such as "/static" or "/idp/static".
func New(prefix string) *Files {
	files := &Files{prefix: "/" + strings.Trim(prefix, "/"), byName: make(map[string]*file)}
	_ = fs.WalkDir(FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := FS.ReadFile(name)
		if err != nil {
			return err // an embedded file that was listed can be read
		}
		files.byName[name] = newFile(name, body)
		return nil
	})
	return files
}

// Handler serves the files below prefix.
func Handler(prefix string) http.Handler { return New(prefix) }

func newFile(name string, body []byte) *file {
	sum := sha256.Sum256(body)
	contentType, known := contentTypes[path.Ext(name)]
	if !known {
		contentType = "text/plain; charset=utf-8"
	}
	return &file{
		body:        body,
		contentType: contentType,
		fingerprint: hex.EncodeToString(sum[:6]),
		zipped:      sync.OnceValue(func() []byte { return compress(body) }),
	}
}

func compress(body []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is valid
	_, _ = z.Write(body)                                    // a buffer takes everything
	_ = z.Close()
	if out.Len() >= len(body) {
		return nil
	}
	return out.Bytes()
}

// URL returns the address of a file with its fingerprint, or panics: the names are written in our own source.
func (f *Files) URL(name string) string {
	file, known := f.byName[name]
	if !known {
		panic(fmt.Sprintf("static: no file %q", name))
	}
	return f.prefix + "/" + name + "?v=" + file.fingerprint
}

// Join serves several files under one name as well, in their order: who needs all of them asks once.
func (f *Files) Join(name string, parts ...string) {
	var bodies [][]byte
	for _, part := range parts {
		file, known := f.byName[part]
		if !known {
			panic(fmt.Sprintf("static: no file %q", part)) // as in URL
		}
		bodies = append(bodies, file.body)
	}
	f.byName[name] = newFile(name, bytes.Join(bodies, []byte("\n")))
}

// Names returns the names of all files that start with prefix and end with suffix.
func (f *Files) Names(prefix, suffix string) []string {
	var names []string
	for name := range f.byName {
		if strings.HasPrefix(name, prefix) && strings.HasSuffix(name, suffix) {
			names = append(names, name)
		}
	}
	return names
}

// ServeHTTP serves GET and HEAD of a file. A request with the current fingerprint may be kept for good; without one the
// browser asks again each time and is told by the entity tag that nothing changed.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, f.prefix), "/")
	file, known := f.byName[name]
	if !known {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == file.fingerprint {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body, tag := file.body, `"`+file.fingerprint+`"`
	if acceptsGzip(r) {
		if zipped := file.zipped(); zipped != nil {
			body, tag = zipped, `"`+file.fingerprint+`-gzip"`
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("ETag", tag)
	if matches(r.Header.Get("If-None-Match"), tag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the browser may have gone
	}
}

// acceptsGzip reports whether the Accept-Encoding header lists gzip and does not refuse it by q=0 (RFC 9110 §12.5.3).
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		q, weighted := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
		value, err := strconv.ParseFloat(q, 64)
		return !weighted || err == nil && value > 0
	}
	return false
}

// matches reports whether an If-None-Match header names the tag (RFC 9110 §13.1.2: weak comparison).
func matches(header, tag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
		if part == tag || part == "*" {
			return true
		}
	}
	return false
}

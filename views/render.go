package views

import (
	"bytes"
	"context"
	"net/http"
	"strconv"

	"github.com/a-h/templ"
)

// Render renders a component into a buffer and only then writes the status and the page, so that a component that fails
// never leaves half a page with status 200 behind. The caller sets the other headers before. A client that goes away
// stops the writing, not the rendering, which is memory only.
func Render(ctx context.Context, w http.ResponseWriter, status int, component templ.Component) error {
	var page bytes.Buffer
	if err := component.Render(context.WithoutCancel(ctx), &page); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(page.Len()))
	w.WriteHeader(status)
	_, err := page.WriteTo(w)
	return err
}

// Package views holds the HTML of the front end and of the provider, as templ components with their view models.
//
// A component takes a model shaped like the page and knows nothing of the database, the protocol or the request. The model
// stands beside its component; a handler fills it. A fragment for htmx is the same component the full page uses.
//
//   - layout.templ is the shell of the front end; [Page] renders the whole document, [Fragment] only what htmx swaps.
//   - panel_*.templ are the live parts, shown on pages of their own and beside the chapters; static/js brings them to life.
//   - idp_*.templ are the pages of the provider, which is another site with another look.
//
// Run `go tool templ generate -path views` after a change; the generated files are committed.
package views

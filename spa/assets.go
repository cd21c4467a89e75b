package spa

import (
	"encoding/json"
	"slices"
	"strings"

	"silentrenew/static"
)

// assets are the addresses of the files our pages load, with fingerprints.
type assets struct {
	style           string // one file for all pages: a navigation changes <main> only
	icon            string
	app             string   // entry module of the application
	preloads        []string // what the entry module imports, so that browsers need not find out one by one
	importMap       string
	silent          string // entry module of the silent callback
	silentImportMap string
}

// styles in the order of the cascade.
var styles = []string{"tokens", "base", "layout", "ring", "badge", "panel", "notice", "home", "data", "companies", "sequence", "workshop", "cases", "stolen", "strategies"}

// libraries are the bare names our modules import. The ES build of oidc-client-ts leaves jwt-decode external.
var libraries = map[string]string{
	"oidc-client-ts": "third_party/oidc-client-ts/oidc-client-ts.js",
	"jwt-decode":     "third_party/jwt-decode/jwt-decode.js",
	"htmx.org":       "third_party/htmx/htmx.esm.min.js",
}

// lateLibraries are those that a page asks for when it needs them.
var lateLibraries = map[string]string{
	"jose/jws/compact/verify": "third_party/jose/jws/compact/verify.js",
	"jose/jwks/local":         "third_party/jose/jwks/local.js",
}

// shellModules is everything app.js imports before a panel asks for more. A test compares it with the import statements.
var shellModules = []string{
	"auth", "badge", "bearer", "config", "correlation", "dom", "format", "frame-error", "menu", "navigation", "notices",
	"oidc-error", "page-events", "panels", "renewal-notices", "ring", "session-monitor", "settings", "signal", "storage", "strategy",
	"token-state",
}

func newAssets(files *static.Files) assets {
	var parts []string
	for _, name := range styles {
		parts = append(parts, "css/"+name+".css")
	}
	files.Join("css/app.css", parts...)
	a := assets{style: files.URL("css/app.css"), icon: files.URL("icon.svg"), app: files.URL("js/app.js"), silent: files.URL("js/silent-callback.js")}
	for _, name := range shellModules {
		a.preloads = append(a.preloads, files.URL("js/"+name+".js"))
	}
	imports := make(map[string]string)
	for name, file := range libraries {
		imports[name] = files.URL(file)
		a.preloads = append(a.preloads, files.URL(file))
	}
	for name, file := range lateLibraries {
		imports[name] = files.URL(file)
	}
	slices.Sort(a.preloads)
	a.silentImportMap = importMap(map[string]string{"oidc-client-ts": imports["oidc-client-ts"], "jwt-decode": imports["jwt-decode"]})
	// A module imports its neighbours by relative address; the map gives each its fingerprint.
	for _, name := range files.Names("js/", ".js") {
		if strings.HasPrefix(name, "js/idp-") {
			continue // the provider's own
		}
		address, _, _ := strings.Cut(files.URL(name), "?")
		imports[address] = files.URL(name)
	}
	a.importMap = importMap(imports)
	return a
}

func importMap(imports map[string]string) string {
	text, err := json.Marshal(map[string]any{"imports": imports})
	if err != nil {
		panic(err) // strings only
	}
	return string(text)
}

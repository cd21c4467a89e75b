package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"silentrenew/internal/event"
)

const documentURL = "https://document.example/openapi.json"

// openAPIDocument reads the document as any client would.
func openAPIDocument(t *testing.T, p *place) (document map[string]any, schemas *jsonschema.Compiler) {
	t.Helper()
	got := p.get("/api/openapi.json", "")
	if got.StatusCode != 200 {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(got.body))
	if err != nil {
		t.Fatal(err)
	}
	schemas = jsonschema.NewCompiler()
	schemas.DefaultDraft(jsonschema.Draft2020) // the dialect of OpenAPI 3.1
	if err := schemas.AddResource(documentURL, parsed); err != nil {
		t.Fatal(err)
	}
	return parsed.(map[string]any), schemas
}

// at follows a path of members.
func at(value any, path ...string) any {
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

func TestTheDocumentDescribesEveryRouteAndNoOther(t *testing.T) {
	p := newPlace(t)
	document, _ := openAPIDocument(t, p)
	if at(document, "openapi") != "3.1.0" {
		t.Errorf("openapi %v", at(document, "openapi"))
	}
	undescribed := map[string]bool{
		"GET /healthz": true, "GET /api/healthz": true, "GET /api/openapi.json": true, "GET /api/docs": true, "GET /api/docs.css": true,
		"GET /api/lab/options": true, "PATCH /api/lab/options": true,
	}
	a := &API{cfg: Config{Lab: true}, bus: event.NewBus(1)}
	routes := map[string]bool{}
	for _, route := range a.routes().(*gin.Engine).Routes() {
		routes[route.Method+" "+strings.ReplaceAll(route.Path, ":id", "{id}")] = true
	}
	for route := range routes {
		method, path, _ := strings.Cut(route, " ")
		if (at(document, "paths", path, strings.ToLower(method)) != nil) == undescribed[route] {
			t.Errorf("%s: described %v", route, undescribed[route])
		}
	}
	for path, item := range at(document, "paths").(map[string]any) {
		for method := range item.(map[string]any) {
			if !routes[strings.ToUpper(method)+" "+path] {
				t.Errorf("%s %s is described and not served", method, path)
			}
		}
	}
}

// Real requests and real answers, held against the document: every status is announced with its media type, every
// body obeys its schema, every announced header is there, and a request is accepted exactly when it obeys its schema.
func TestAnswersKeepWhatTheDocumentPromises(t *testing.T) {
	p := newPlace(t)
	document, schemas := openAPIDocument(t, p)
	token := p.issuer.token(mick())
	jane := p.issuer.token(mick().with("role", "Visitor"))
	path, tag := p.create(token)
	asked := map[string]bool{}
	for _, tc := range []struct {
		template, method, path, token, body string
		status                              int
		headers                             []string
	}{
		{"/api/companies", "GET", "/api/companies?limit=1", token, "", 200, nil},
		{"/api/companies", "GET", "/api/companies", token, "", 304, []string{"If-None-Match", "*"}},
		{"/api/companies", "GET", "/api/companies?limit=0", token, "", 400, nil},
		{"/api/companies", "GET", "/api/companies?search=100%", token, "", 400, nil}, // left out, it would find everybody
		{"/api/companies", "GET", "/api/companies?search=a;country=SE", token, "", 400, nil},
		{"/api/countries", "GET", "/api/countries?search=%zz", token, "", 400, nil},
		{"/api/companies", "GET", "/api/companies", "nonsense", "", 401, nil},
		{"/api/companies", "POST", "/api/companies", token, acme, 201, []string{"Content-Type", asJSON}},
		{"/api/companies", "POST", "/api/companies", token, acme, 201, []string{"Content-Type", asJSON, "Idempotency-Key", "k"}},
		{"/api/companies", "POST", "/api/companies", token, strings.Replace(acme, "1", "2", 1), 422, []string{"Content-Type", asJSON, "Idempotency-Key", "k"}},
		{"/api/companies", "POST", "/api/companies", token, `{"name":"x","address":"a","country":"Atlantis"}`, 400, []string{"Content-Type", asJSON}},
		{"/api/companies", "POST", "/api/companies", token, `{"name":" ","address":"a","country":"SE"}`, 400, []string{"Content-Type", asJSON}},
		{"/api/companies", "POST", "/api/companies", token, `{"name":"x","address":"a\tb","country":"SE"}`, 400, []string{"Content-Type", asJSON}},
		{"/api/companies", "POST", "/api/companies", token, `{"name":"x","address":"a"}`, 400, []string{"Content-Type", asJSON}},
		{"/api/companies", "POST", "/api/companies", token, `{"name":"x","address":"a","country":"SE","more":1}`, 400, []string{"Content-Type", asJSON}},
		{"/api/companies", "POST", "/api/companies", token, acme, 415, []string{"Content-Type", "text/plain"}},
		{"/api/companies", "POST", "/api/companies", token, acme, 415, []string{"Content-Type", asJSON, "Content-Encoding", "gzip"}},
		{"/api/companies", "POST", "/api/companies", token, strings.Repeat(" ", maxBody+1), 413, []string{"Content-Type", asJSON}},
		{"/api/companies", "POST", "/api/companies", jane, acme, 403, []string{"Content-Type", asJSON}},
		{"/api/companies/{id}", "GET", path, token, "", 200, nil},
		{"/api/companies/{id}", "GET", path, token, "", 304, []string{"If-None-Match", tag}},
		{"/api/companies/{id}", "GET", "/api/companies/none", token, "", 404, nil},
		{"/api/companies/{id}", "PUT", path, token, acme, 200, []string{"Content-Type", asJSON, "If-Match", tag}},
		{"/api/companies/{id}", "PUT", path, token, acme, 412, []string{"Content-Type", asJSON, "If-Match", `"x"`}},
		{"/api/companies/{id}", "PUT", path, token, acme, 428, []string{"Content-Type", asJSON}},
		{"/api/companies/{id}", "PATCH", path, token, `{"name":"B"}`, 200, []string{"Content-Type", asPatch, "If-Match", "*"}},
		{"/api/companies/{id}", "PATCH", path, token, `{"name":null}`, 400, []string{"Content-Type", asPatch, "If-Match", "*"}},
		{"/api/companies/{id}", "PATCH", "/api/companies/none", token, `{}`, 404, []string{"Content-Type", asPatch, "If-Match", "*"}},
		{"/api/companies/{id}", "DELETE", path, token, "", 204, []string{"If-Match", "*"}},
		{"/api/companies/{id}/restore", "POST", path + "/restore", token, "", 200, nil},
		{"/api/companies/{id}/restore", "POST", "/api/companies/nosuch/restore", token, "", 404, nil},
		{"/api/companies/privacy", "GET", "/api/companies/privacy", token, "", 200, nil},
		{"/api/countries", "GET", "/api/countries", token, "", 200, nil},
	} {
		name := tc.method + " " + tc.path + " → " + strconv.Itoa(tc.status)
		asked[tc.method+" "+tc.template] = true
		got := p.send(tc.method, tc.path, tc.token, tc.body, tc.headers...)
		if got.StatusCode != tc.status {
			t.Errorf("%s: status %d: %s", name, got.StatusCode, got.body)
			continue
		}
		operation := []string{"paths", tc.template, strings.ToLower(tc.method)}
		answer := at(document, append(operation, "responses", strconv.Itoa(tc.status))...)
		if answer == nil {
			t.Errorf("%s is not announced", name)
			continue
		}
		headers, _ := at(answer, "headers").(map[string]any)
		for header := range headers {
			if got.Header.Get(header) == "" {
				t.Errorf("%s: the header %s is announced and missing", name, header)
			}
		}
		kind, _, _ := strings.Cut(got.Header.Get("Content-Type"), ";")
		if kind != "" && len(got.body) > 0 {
			if err := obeys(schemas, append(operation, "responses", strconv.Itoa(tc.status), "content", kind, "schema"), got.body); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if tc.body != "" && json.Valid([]byte(tc.body)) && (tc.status == 400 || tc.status < 300) {
			err := obeys(schemas, append(operation, "requestBody", "content", tc.headers[1], "schema"), []byte(tc.body))
			if (err == nil) != (tc.status < 300) {
				t.Errorf("%s: %s, but the schema says %v", name, http.StatusText(tc.status), err)
			}
		}
	}
	for path, item := range at(document, "paths").(map[string]any) {
		for method := range item.(map[string]any) {
			if !asked[strings.ToUpper(method)+" "+path] {
				t.Errorf("nobody asked %s %s", method, path)
			}
		}
	}
}

// A parameter is accepted exactly when it obeys its schema.
func TestParametersKeepToTheirSchemas(t *testing.T) {
	p := newPlace(t)
	document, schemas := openAPIDocument(t, p)
	token := p.issuer.token(mick())
	parameters := at(document, "paths", "/api/companies", "get", "parameters").([]any)
	for _, tc := range []struct {
		name   string
		good   []string
		refuse []string
	}{
		{"search", []string{"", "é", strings.Repeat("é", 200)}, []string{strings.Repeat("x", 201)}},
		{"country", []string{"", "SE"}, []string{"WY", "se", "Sweden", " SE"}},
		{"sort", []string{"name", "-blocks"}, []string{"", "updated", "--name"}},
		{"limit", []string{"1", "200"}, []string{"0", "201", "-1", "1.5", "ten", ""}},
		{"If-None-Match", []string{"", `"x"`, `W/"x", "y"`}, []string{"x", `"x" "y"`, `*, "x"`}},
	} {
		number := slices.IndexFunc(parameters, func(one any) bool { return at(one, "name") == tc.name })
		for i, value := range slices.Concat(tc.good, tc.refuse) {
			path, headers := "/api/companies", []string{tc.name, value}
			if at(parameters[number], "in") == "query" {
				path, headers = path+"?"+tc.name+"="+url.QueryEscape(value), nil
			}
			got := p.send(http.MethodGet, path, token, "", headers...)
			if want := i < len(tc.good); (got.StatusCode == 200) != want {
				t.Errorf("%s %.20q: status %d", tc.name, value, got.StatusCode)
			}
			body, _ := json.Marshal(value)
			if n, err := strconv.Atoi(value); err == nil {
				body, _ = json.Marshal(n)
			}
			err := obeys(schemas, []string{"paths", "/api/companies", "get", "parameters", strconv.Itoa(number), "schema"}, body)
			if want := i < len(tc.good); (err == nil) != want {
				t.Errorf("%s %.20q: the schema says %v", tc.name, value, err)
			}
		}
	}
}

// obeys validates a body against the schema at a place in the document.
func obeys(schemas *jsonschema.Compiler, place []string, body []byte) error {
	var pointer strings.Builder
	for _, name := range place {
		pointer.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(name))
	}
	schema, err := schemas.Compile(documentURL + "#" + pointer.String())
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

func TestTheReferencePageNeedsNoScript(t *testing.T) {
	p := newPlace(t)
	got := p.get("/api/docs", "")
	page := string(got.body)
	if got.StatusCode != 200 || got.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %v", got.StatusCode, got.Header)
	}
	if csp := got.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy %q", csp)
	}
	for _, bad := range []string{"<script", "style=", "<style", "http://cdn", "https://cdn"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, want := range []string{"listCompanies", "If-Match", "Idempotency-Key", "merge-patch", "schema-Company", "/api/companies/{id}/restore"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	named := map[string]bool{} // each landmark has a name of its own (WAI-ARIA 1.2 §5.3.4)
	for _, label := range regexp.MustCompile(`role="region" aria-label="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if named[label[1]] || strings.Contains(page, `-title">`+label[1]+`</h`) {
			t.Errorf("two landmarks are called %q", label[1])
		}
		named[label[1]] = true
	}
	if len(named) < 9 {
		t.Errorf("found the landmarks %v only", named)
	}
	if got := p.get("/api/docs.css", ""); got.StatusCode != 200 || got.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("style: %d %v", got.StatusCode, got.Header)
	}
}

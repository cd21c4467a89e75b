package api

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/swaggest/openapi-go/openapi31"
)

var (
	//go:embed docs.html
	docsHTML string

	//go:embed docs.css
	docsStyle []byte
)

var docsTemplate = template.Must(template.New("docs").Funcs(template.FuncMap{
	"lower": strings.ToLower, "kind": kindOf, "rules": rulesOf, "requires": requires,
}).Parse(docsHTML))

// docs serves GET /api/docs, to anybody: the OpenAPI document for people, without a script.
func (a *API) docs(c *gin.Context) error {
	d, err := a.reference()
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := docsTemplate.Execute(&page, docsPageOf(a.operations(), d.spec)); err != nil {
		return err
	}
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	c.Header("Cache-Control", "no-cache")
	c.Data(http.StatusOK, "text/html; charset=utf-8", page.Bytes())
	return nil
}

// docsCSS serves GET /api/docs.css.
func docsCSS(c *gin.Context) error {
	c.Header("Cache-Control", "no-cache")
	c.Data(http.StatusOK, "text/css; charset=utf-8", docsStyle)
	return nil
}

// docsPage is what the reference page shows.
type docsPage struct {
	Title, About, URL string
	Operations        []docsOperation
	Schemas           []docsSchema
}

type docsOperation struct {
	ID, Method, Path, Summary, Text string
	Parameters                      []openapi31.Parameter
	BodyType, Body                  string // media type, and the schema's name
	Answers                         []docsAnswer
}

type docsAnswer struct {
	Status, Text, Schema string
	Headers              []string
}

type docsSchema struct {
	Name   string
	Schema map[string]any
}

func docsPageOf(operations []operation, spec *openapi31.Spec) docsPage {
	page := docsPage{Title: spec.Title(), About: spec.Description(), URL: spec.Servers[0].URL}
	for _, o := range operations {
		item := spec.Paths.MapOfPathItemValues[o.path]
		if described, err := item.Operation(o.method); err == nil {
			page.Operations = append(page.Operations, docsOperationOf(o, described))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Components.Schemas)) {
		page.Schemas = append(page.Schemas, docsSchema{name, spec.Components.Schemas[name]})
	}
	return page
}

func docsOperationOf(o operation, described *openapi31.Operation) docsOperation {
	shown := docsOperation{ID: o.id, Method: o.method, Path: o.path, Summary: o.summary, Text: o.text}
	for _, p := range described.Parameters {
		shown.Parameters = append(shown.Parameters, *p.Parameter)
	}
	if described.RequestBody != nil {
		for mediaType, body := range described.RequestBody.RequestBody.Content {
			shown.BodyType, shown.Body = mediaType, kindOf(body.Schema)
		}
	}
	answers := described.Responses.MapOfResponseOrReferenceValues
	for _, status := range slices.Sorted(maps.Keys(answers)) {
		answer := docsAnswer{Status: status, Text: answers[status].Response.Description}
		for _, body := range answers[status].Response.Content {
			answer.Schema = kindOf(body.Schema)
		}
		answer.Headers = slices.Sorted(maps.Keys(answers[status].Response.Headers))
		shown.Answers = append(shown.Answers, answer)
	}
	return shown
}

// kindOf says in a word or two what a schema is.
func kindOf(schema any) string {
	s, _ := schema.(map[string]any)
	if ref, ok := s["$ref"].(string); ok {
		return ref[strings.LastIndex(ref, "/")+1:]
	}
	kind, _ := s["type"].(string)
	if kinds, ok := s["type"].([]any); ok && len(kinds) > 0 {
		kind, _ = kinds[0].(string)
	}
	if items, ok := s["items"]; ok {
		return "list of " + kindOf(items)
	}
	return kind
}

// ruleNames are the keywords of a schema that a reader wants to know, in the order of reading.
var ruleNames = []struct{ keyword, words string }{
	{"default", "default"}, {"minimum", "at least"}, {"maximum", "at most"}, {"minLength", "characters at least"}, {"maxLength", "characters at most"},
	{"format", "format"}, {"enum", "one of"}, {"description", ""},
}

type rule struct {
	Words string
	Value any
}

// rulesOf lists what a schema says beyond its type.
func rulesOf(schema any) (rules []rule) {
	s, _ := schema.(map[string]any)
	for _, name := range ruleNames {
		value, ok := s[name.keyword]
		if list, isList := value.([]any); isList && len(list) > 12 {
			value = fmt.Sprintf("%d, from %q to %q", len(list), list[0], list[len(list)-1])
		}
		if ok {
			rules = append(rules, rule{name.words, value})
		}
	}
	return rules
}

// requires reports whether an object must have the member.
func requires(schema map[string]any, member string) bool {
	list, _ := schema["required"].([]any)
	return slices.Contains(list, any(member))
}

package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/swaggest/jsonschema-go"
	"github.com/swaggest/openapi-go"
	"github.com/swaggest/openapi-go/openapi31"

	"silentrenew/internal/dpop"
)

const about = `Companies behind a login. Every request carries an access token for this API in the header Authorization: Bearer (RFC 6750 §2.1),
or DPoP with a proof in the header DPoP when the token is bound to a key (RFC 9449 §7.1); reading takes the scope value companyApi, writing the role Admin as well. Refusals are problem details (RFC 9457) that name the field to blame.`

// document describes the operations in OpenAPI 3.1, from the very types that they read and write.
func document(operations []operation, url, scope string) (*openapi31.Spec, error) {
	r := openapi31.NewReflector()
	r.Spec.Info.WithTitle("Companies").WithVersion("1").WithDescription(strings.ReplaceAll(about, "companyApi", scope))
	r.Spec.WithServers(openapi31.Server{URL: url})
	r.Spec.SetHTTPBearerTokenSecurity("bearer", "JWT", "an access token for this API (RFC 9068)")
	r.Spec.ComponentsEns().WithSecuritySchemesItem("dpop", openapi31.SecuritySchemeOrReference{
		SecurityScheme: (&openapi31.SecurityScheme{HTTP: new(openapi31.SecuritySchemeHTTP).WithScheme("DPoP")}).WithDescription(
			"an access token that is bound to a key, and a proof of that key for this request in the header DPoP (RFC 9449 §7.1), signed with one of " + dpop.AlgorithmNames()),
	})
	r.DefaultOptions = append(r.DefaultOptions, jsonschema.InterceptDefName(func(_ reflect.Type, name string) string {
		return strings.TrimPrefix(name, "Api")
	}))
	for _, o := range operations {
		if err := describe(r, o); err != nil {
			return nil, fmt.Errorf("describe %s %s: %w", o.method, o.path, err)
		}
	}
	return r.Spec, nil
}

func describe(r *openapi31.Reflector, o operation) error {
	op, err := r.NewOperationContext(o.method, o.path)
	if err != nil {
		return err
	}
	op.SetID(o.id)
	op.SetSummary(o.summary)
	op.SetDescription(o.text)
	op.AddSecurity("bearer")
	op.AddSecurity("dpop") // either will do
	if o.request != nil {
		op.AddReqStructure(o.request)
	}
	if o.body != nil {
		op.AddReqStructure(o.body) // as plain JSON: of other types the library knows no schema; see complete
	}
	op.AddRespStructure(o.answer, func(unit *openapi.ContentUnit) {
		unit.HTTPStatus, unit.Description = o.status, http.StatusText(o.status)
	})
	for _, status := range slices.Sorted(slices.Values(slices.Concat(o.refusals, always))) {
		var body any = new(problem)
		contentType := "application/problem+json"
		if status == http.StatusNotModified {
			body, contentType = nil, ""
		}
		op.AddRespStructure(body, func(unit *openapi.ContentUnit) {
			unit.HTTPStatus, unit.Description, unit.ContentType = status, http.StatusText(status), contentType
		})
	}
	if err := r.AddOperation(op); err != nil {
		return err
	}
	return complete(r.Spec, o)
}

// complete says what the tags of a struct cannot: that the body is required, its media type, and which headers an answer
// carries.
func complete(spec *openapi31.Spec, o operation) error {
	path := spec.Paths.MapOfPathItemValues[o.path]
	op, err := path.Operation(o.method)
	if err != nil {
		return err
	}
	if o.body != nil {
		body := op.RequestBody.RequestBody.WithRequired(true)
		body.Content = map[string]openapi31.MediaType{o.contentType: body.Content[jsonType]}
	}
	answer := op.Responses.MapOfResponseOrReferenceValues[strconv.Itoa(o.status)]
	for _, name := range o.headers {
		header := openapi31.Header{}
		header.WithSchema(map[string]any{"type": "string"}).WithRequired(true)
		answer.Response.WithHeadersItem(name, openapi31.HeaderOrReference{Header: &header})
	}
	return nil
}

// reference is the document, as it is and as text.
type reference struct {
	spec *openapi31.Spec
	text []byte
}

// newReference makes the document when somebody first asks.
func (a *API) newReference() func() (reference, error) {
	return sync.OnceValues(func() (reference, error) {
		spec, err := document(a.operations(), a.cfg.URL, a.cfg.Scope)
		if err != nil {
			return reference{}, err
		}
		text, err := json.MarshalIndent(spec, "", "  ")
		return reference{spec, text}, err
	})
}

// openAPI serves GET /api/openapi.json, to anybody.
func (a *API) openAPI(c *gin.Context) error {
	d, err := a.reference()
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-cache")
	c.Header("ETag", tagOf(d.text))
	c.Data(http.StatusOK, "application/vnd.oai.openapi+json;version=3.1", d.text)
	return nil
}

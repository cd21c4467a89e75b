package idp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"silentrenew/views"
)

// Response modes: how the answer of the authorization endpoint travels (OAuth 2.0 Multiple Response Types §2.1, OAuth 2.0
// Form Post Response Mode §2).
const (
	responseModeQuery    = "query"
	responseModeFragment = "fragment"
	responseModeFormPost = "form_post"
)

var responseModes = []string{responseModeQuery, responseModeFragment, responseModeFormPost}

// responseMode returns the mode that was asked for. An answer that refuses the mode travels by the default one of the response
// type, which is fragment where it has tokens (OAuth 2.0 Multiple Response Types §2.1, §5) and query otherwise.
func (p *Provider) responseMode(values url.Values) string {
	standard := responseModeQuery
	if parseResponseType(values.Get("response_type"), p.responseTypes()).frontChannel() {
		standard = responseModeFragment
	}
	sent := values["response_mode"]
	if len(sent) != 1 || !slices.Contains(responseModes, sent[0]) || sent[0] == responseModeQuery {
		return standard
	}
	return sent[0]
}

// sendResponse sends success or error to the client's redirect URI, in the mode it asked for.
func (p *Provider) sendResponse(c *gin.Context, to responseTarget, response url.Values) error {
	if err := p.answerPushedRequest(c.Request.Context(), to); err != nil {
		return err
	}
	p.completeResponse(c, to, response)
	switch to.mode {
	case responseModeFormPost:
		return p.sendFormPost(c, to, response)
	case responseModeFragment:
		redirect(c, to.redirectURI+"#"+response.Encode()) // it has no fragment of its own (redirectable)
	default:
		redirect(c, withQuery(to.redirectURI, response))
	}
	return nil
}

// sendFormPost lets the browser post the answer (Form Post Response Mode §2): no code in a URL, so none in a history or a
// log. The page submits itself by a script file of ours; without scripts the user presses the button. It decides nothing,
// so the client may frame it, as a silent renewal does.
func (p *Provider) sendFormPost(c *gin.Context, to responseTarget, response url.Values) error {
	page := views.IDPFormPostPage{Site: p.site(), Action: to.redirectURI, Client: clientName(to.client)}
	for name, values := range response {
		page.Hidden = append(page.Hidden, views.IDPField{Name: name, Value: values[0]})
	}
	slices.SortFunc(page.Hidden, func(a, b views.IDPField) int { return strings.Compare(a.Name, b.Name) })

	// With same-origin the browser would say "Origin: null" to the client, which clients refuse with good reason.
	c.Header("Referrer-Policy", "strict-origin")
	return p.render(c, http.StatusOK, views.IDPFormPost(page), policy{scripts: true, forms: formsLeave, framed: originOf(to.redirectURI)})
}

// withQuery adds parameters to an address, which stays as it is in every character. It has no fragment (redirectable).
func withQuery(address string, values url.Values) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + values.Encode()
}

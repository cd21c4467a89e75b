package idp

import (
	"net/url"
	"strings"
)

// returnURL is the way from one of our pages back to the authorization endpoint, or to the page where a device's code is
// typed. The zero value is a page that was opened by hand: from there the way leads to the provider's first page.
type returnURL struct {
	request url.Values // the parameters of the authorization request
	device  string     // path and query of the device page, "" for any other way
}

// loginAfterParameter says, on the way back only and of a request that stands in the URL, that a login was asked for at that moment
// (seconds since the epoch): prompt=login, select_account and max_age are satisfied by a login that is not older.
const loginAfterParameter = "login_after"

const callbackPath = "/connect/authorize/callback"

// parseReturnURL accepts what local made and nothing else. The path is compared and then built anew, and the query
// is decoded and then encoded anew, so no part of what was sent can name another place (RFC 9700 §4.11).
func (p *Provider) parseReturnURL(sent string) (returnURL, error) {
	if sent == "" {
		return returnURL{}, nil
	}
	if path, query, _ := strings.Cut(sent, "?"); path == p.path(devicePath) && len(sent) <= maxLength["ReturnUrl"] {
		values, _ := url.ParseQuery(query) // what cannot be read is no code
		return returnURL{device: p.devicePage(values.Get(userCodeParameter))}, nil
	}
	query, ours := strings.CutPrefix(sent, p.path(callbackPath)+"?")
	request, err := url.ParseQuery(query)
	if !ours || err != nil || len(request) == 0 {
		return returnURL{}, refuse(InvalidRequest, "returnUrl must lead back to the authorization endpoint of this provider")
	}
	back := returnURL{request: request}
	if limit := maxLength["ReturnUrl"]; len(sent) > limit || len(p.local(back)) > limit { // encoding anew may have made it longer
		return returnURL{}, refuse(InvalidRequest, "returnUrl is longer than %d bytes", limit)
	}
	return back, nil
}

// local returns the path and query to go back to.
func (p *Provider) local(back returnURL) string {
	if back.device != "" {
		return back.device
	}
	if len(back.request) == 0 {
		return p.path("/")
	}
	return p.path(callbackPath) + "?" + back.request.Encode()
}

// hidden returns what a form of ours carries to find the way back; "" when there is none.
func (p *Provider) hidden(back returnURL) string {
	if len(back.request) == 0 && back.device == "" {
		return ""
	}
	return p.local(back)
}

// returnURLPath is the part of a return URL that may be logged.
func returnURLPath(sent string) string {
	path, _, found := strings.Cut(sent, "?")
	if found {
		return path + "?…"
	}
	return path
}

// returnURLQuery is the query of the return URL in a form, for the log's correlation id only.
func returnURLQuery(form url.Values) url.Values {
	sent := form.Get("returnUrl") + form.Get("ReturnUrl")
	_, query, _ := strings.Cut(sent, "?")
	values, _ := url.ParseQuery(query)
	return values
}

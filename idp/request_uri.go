package idp

import (
	"context"
	"maps"
	"net/url"
	"strings"

	"silentrenew/db"
)

// maxRequestURILength is the longest request_uri, in characters (OIDC Core §6.2).
const maxRequestURILength = 512

// withFetchedObject returns the request with the object that its request_uri leads to in the place of the reference (RFC
// 9101 §5.2, OIDC Core §6.2). Only an address that the client has registered is called: whoever else could name one would
// send our requests wherever they like. It is fetched each time,
// so a fragment, which would tell us that a copy of ours is out of date, tells us nothing.
func (p *Provider) withFetchedObject(ctx context.Context, client db.Client, values url.Values) (url.Values, error) {
	sent, err := readParameters(values, "request", "request_uri")
	if err != nil || sent["request_uri"] == "" {
		return values, err
	}
	address, _, _ := strings.Cut(sent["request_uri"], "#")
	switch {
	case sent["request"] != "": // RFC 9101 §5
		return values, refuse(InvalidRequest, "request and request_uri must not be sent together")
	case len(sent["request_uri"]) > maxRequestURILength:
		return values, refuse(InvalidRequestURI, "request_uri is longer than %d characters", maxRequestURILength)
	case !requestURIRegistered(client, sent["request_uri"]):
		return values, refuse(InvalidRequestURI, "request_uri is not registered for client %s", client.ClientID)
	}
	body, err := p.outgoing.get(ctx, address, "application/oauth-authz-req+jwt, application/jwt", int64(maxLength["request"]))
	if err != nil {
		refused := refuse(InvalidRequestURI, "request_uri could not be read: it must answer 200 with a request object, in %s, by https", outgoingTimeout)
		refused.cause = err
		return values, refused
	}
	with := maps.Clone(values)
	with.Del("request_uri")
	with.Set("request", strings.TrimSpace(string(body)))
	return with, nil
}

// requestURIRegistered compares byte for byte, but for the fragment: that changes with the contents (OIDC Core §6.2).
func requestURIRegistered(client db.Client, sent string) bool {
	address, _, _ := strings.Cut(sent, "#")
	for _, registered := range client.RequestURIs {
		if known, _, _ := strings.Cut(registered, "#"); known == address {
			return true
		}
	}
	return false
}

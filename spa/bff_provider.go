package spa

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"silentrenew/internal/event"
)

// bffProviderTimeout bounds one request to the provider.
const bffProviderTimeout = 5 * time.Second

// bffMetadata is what the BFF reads in the provider's discovery document beyond what go-oidc reads (RP-Initiated Logout
// §2.1, RFC 9207 §3).
type bffMetadata struct {
	JWKSURI            string `json:"jwks_uri"`
	EndSessionEndpoint string `json:"end_session_endpoint"`
	RevocationEndpoint string `json:"revocation_endpoint"`
	IssSupported       bool   `json:"authorization_response_iss_parameter_supported"`
}

// bffProvider is the provider as the BFF knows it: at first by name only. What fails is tried again by the next request.
type bffProvider struct {
	issuer string
	client *http.Client
	asking singleflight.Group // discovery: who comes meanwhile shares the answer, or the lack of one

	mu       sync.Mutex
	known    *oidc.Provider // nil until discovery has worked once
	metadata bffMetadata
	keys     oidc.KeySet
}

func newBFFProvider(issuer string, client *http.Client) *bffProvider {
	own := *client
	own.Timeout = bffProviderTimeout
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // our secret goes to nobody else
	next := own.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	own.Transport = correlated{next}
	return &bffProvider{issuer: issuer, client: &own}
}

// context prepares a call: both libraries take their HTTP client from the context.
func (p *bffProvider) context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.client)
}

// discover returns the provider once its discovery document has been read (OIDC Discovery §4).
func (p *bffProvider) discover(ctx context.Context) (*oidc.Provider, bffMetadata, error) {
	if known, metadata := p.remembered(); known != nil {
		return known, metadata, nil
	}
	detached := context.WithoutCancel(ctx) // it serves all who wait
	asked := p.asking.DoChan("", func() (any, error) { return nil, p.ask(detached) })
	select {
	case answer := <-asked:
		if answer.Err != nil {
			return nil, bffMetadata{}, answer.Err
		}
	case <-ctx.Done():
		return nil, bffMetadata{}, ctx.Err()
	}
	known, metadata := p.remembered()
	return known, metadata, nil
}

func (p *bffProvider) remembered() (*oidc.Provider, bffMetadata) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known, p.metadata
}

// ask reads the discovery document.
func (p *bffProvider) ask(ctx context.Context) error {
	found, err := oidc.NewProvider(p.context(ctx), p.issuer)
	var metadata bffMetadata
	if err == nil {
		err = found.Claims(&metadata)
	}
	if err != nil {
		return fmt.Errorf("%w: discovery: %w", errProviderAway, err)
	}
	calm := *p.client
	calm.Transport = &limited{next: calm.Transport, limiter: rate.NewLimiter(rate.Every(2*time.Second), 5)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), &calm), metadata.JWKSURI)
	p.known, p.metadata = found, metadata
	return nil
}

// verifier checks signature, iss, aud and exp of ID tokens and logout tokens for a client.
func (p *bffProvider) verifier(clientID string) *oidc.IDTokenVerifier {
	return oidc.NewVerifier(p.issuer, p.keys, &oidc.Config{ClientID: clientID, SupportedSigningAlgs: []string{
		oidc.RS256, oidc.ES256, oidc.PS256, oidc.EdDSA,
	}})
}

// oauth2 is the client for x/oauth2. The secret goes in the Authorization header, as every provider must take it (RFC 6749 §2.3.1).
func (b *bff) oauth2(provider *oidc.Provider) *oauth2.Config {
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	return &oauth2.Config{ClientID: b.clientID, ClientSecret: b.secret, Endpoint: endpoint, RedirectURL: b.root() + bffCallbackPath}
}

// limited keeps garbage tokens from making us hammer the provider: each that names an unknown key asks for the keys again.
type limited struct {
	next    http.RoundTripper
	limiter *rate.Limiter
}

func (l *limited) RoundTrip(r *http.Request) (*http.Response, error) {
	if !l.limiter.Allow() {
		return nil, errors.New("the keys were asked for a moment ago")
	}
	return l.next.RoundTrip(r)
}

// correlated sends the correlation id of the context, so that the provider's events join the story (E19).
type correlated struct{ next http.RoundTripper }

func (t correlated) RoundTrip(r *http.Request) (*http.Response, error) {
	if id := correlationOf(r.Context()); id != "" {
		r = r.Clone(r.Context())
		r.Header.Set(event.CorrelationHeader, id)
	}
	return t.next.RoundTrip(r)
}

type correlationKey struct{}

func withCorrelation(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, correlationKey{}, id)
}

func correlationOf(ctx context.Context) string {
	id, _ := ctx.Value(correlationKey{}).(string)
	return id
}

// What can go wrong between the BFF and the provider.
var (
	errProviderAway = errors.New("the provider does not answer")        // for now: try again
	errSessionOver  = errors.New("the session is over")                 // for good: sign in again
	errBadAnswer    = errors.New("the provider's answer was not taken") // what we have stays as it is
)

// codeOf names an error as the wire does.
func codeOf(err error) string {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case ok && refused.ErrorCode != "":
		return event.Printable(refused.ErrorCode, 64)
	case errors.Is(err, errSessionOver):
		return "login_required"
	case errors.Is(err, errBadAnswer):
		return "invalid_response"
	}
	return "temporarily_unavailable"
}

// reasonOf says an error in words for people: what the provider said, not what our libraries made of it.
func reasonOf(err error) string {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.ErrorCode != "" {
		return event.Printable(refused.ErrorCode+": "+refused.ErrorDescription, 300)
	}
	// The address is the one that this server uses, perhaps in a network of its own: the log has it, the browser has no business there.
	if _, ok := errors.AsType[*url.Error](err); ok {
		return errProviderAway.Error()
	}
	return event.Printable(err.Error(), 300)
}

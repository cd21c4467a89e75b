package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/sync/singleflight"
)

// providerTimeout bounds one request to the provider.
const providerTimeout = 5 * time.Second

// provider is the OpenID Provider as this API knows it: at first by name only, later by its discovery document and keys.
// Whatever fails is tried again by a later request, so it never stays broken.
type provider struct {
	issuer string
	client *http.Client
	flight singleflight.Group

	mu    sync.Mutex
	keys  oidc.KeySet // nil until discovery has worked once
	cause error       // why it has not worked yet
}

func newProvider(issuer string, client *http.Client) *provider {
	var own http.Client
	if client != nil {
		own = *client
	}
	if own.Timeout == 0 || own.Timeout > providerTimeout {
		own.Timeout = providerTimeout
	}
	own.Transport = newPatientTransport(own.Transport)
	return &provider{issuer: issuer, client: &own}
}

// verify checks signature, iss, aud and exp at the given moment; one of the audiences must be in aud (RFC 9068 §4). It does
// not check typ, nbf or scope. The error is an *unreachableError when the provider would have had to be asked and did not answer.
func (p *provider) verify(ctx context.Context, raw string, audiences []string, now time.Time) (*oidc.IDToken, error) {
	keys, err := p.keySet(ctx)
	if err != nil {
		return nil, err
	}
	observed := &observedKeySet{KeySet: keys}
	verifier := oidc.NewVerifier(p.issuer, observed, &oidc.Config{
		SkipClientIDCheck:    true, // go-oidc knows one audience, we answer to several names
		SupportedSigningAlgs: []string{oidc.ES256, oidc.RS256},
		Now:                  func() time.Time { return now },
	})
	token, err := verifier.Verify(ctx, raw)
	if _, ok := errors.AsType[*unreachableError](observed.err); ok || ctx.Err() != nil {
		return nil, asUnreachable(observed.err)
	}
	if err == nil && !slices.ContainsFunc(token.Audience, func(name string) bool { return slices.Contains(audiences, name) }) {
		return nil, fmt.Errorf("oidc: expected audience %q got %q", audiences[0], token.Audience)
	}
	return token, err
}

// observedKeySet remembers why a key set failed, because go-oidc hands that on as text.
type observedKeySet struct {
	oidc.KeySet
	err error
}

func (o *observedKeySet) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := o.KeySet.VerifySignature(ctx, jwt)
	o.err = err
	return payload, err
}

// keySet returns the provider's keys, after discovery if this is the first time. Requests that come together share one
// discovery, and none of them ends it for the others by going away.
func (p *provider) keySet(ctx context.Context) (oidc.KeySet, error) {
	p.mu.Lock()
	keys := p.keys
	p.mu.Unlock()
	if keys != nil {
		return keys, nil
	}
	select {
	case result := <-p.flight.DoChan("discovery", p.discover):
		if result.Err != nil {
			return nil, asUnreachable(result.Err)
		}
		return result.Val.(oidc.KeySet), nil
	case <-ctx.Done():
		return nil, asUnreachable(ctx.Err())
	}
}

// discover fetches the discovery document (OIDC Discovery §4), in which the issuer must be the one we expect (§4.3).
// The keys themselves are fetched with the first token, and again whenever a token names a key we do not have.
func (p *provider) discover() (any, error) {
	ctx := oidc.ClientContext(context.Background(), p.client)
	found, err := oidc.NewProvider(ctx, p.issuer)
	var metadata struct {
		JWKSURI string `json:"jwks_uri"`
	}
	if err == nil {
		err = found.Claims(&metadata)
	}
	if err == nil && metadata.JWKSURI == "" {
		err = errors.New("its discovery document names no jwks_uri")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.cause = fmt.Errorf("discovery: %w", err)
		return nil, p.cause
	}
	p.keys, p.cause = oidc.NewRemoteKeySet(ctx, metadata.JWKSURI), nil
	return p.keys, nil
}

// state says in a word how far we have got with the provider.
func (p *provider) state() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.keys != nil:
		return "known"
	case p.cause != nil:
		return "unreachable"
	}
	return "not asked yet"
}

package idp

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/internal/dpop"
)

// confirmation says which key an access token is bound to (RFC 7800 §3.1, RFC 9449 §6).
type confirmation struct {
	JKT string `json:"jkt"` // SHA-256 thumbprint of the key (RFC 7638)
}

// tokenTypeOf is the token_type of an access token: DPoP when it is bound to a key, else Bearer (RFC 9449 §5).
func tokenTypeOf(jkt string) string {
	if jkt != "" {
		return dpop.Scheme
	}
	return "Bearer"
}

// provenKey returns the thumbprint of the key whose possession a back-channel request proves, "" when it does not try to. A
// client whose row has RequireDPoP gets no token without (RFC 9449 §5.2).
func (p *Provider) provenKey(c *gin.Context, client db.Client) (jkt string, err error) {
	if dpop.Sent(c.Request.Header) {
		return p.checkProof(c, "")
	}
	if client.RequireDPoP {
		return "", refuse(InvalidDPoPProof, "client %s must send a DPoP proof", client.ClientID)
	}
	return "", nil
}

// checkProof returns the thumbprint of the key that made the request's proof (RFC 9449 §4.3). Beside an access token the proof
// must name it. Where nonces are required every answer brings the next one (§8.2).
func (p *Provider) checkProof(c *gin.Context, accessToken string) (jkt string, err error) {
	ctx := c.Request.Context()
	nonces, err := p.dpopNonces(ctx)
	if err != nil {
		return "", err
	}
	jkt, err = p.proofs.Check(ctx, p.proven(c, accessToken, nonces))
	if refusal, ok := dpop.AsRefusal(err); ok {
		return "", refusedProof(refusal)
	}
	eventOf(c).Parameters["jkt"] = jkt // whose key it was is no secret
	if err != nil || !nonces {
		return jkt, err
	}
	next, err := p.proofs.Nonce(ctx)
	c.Header(dpop.NonceHeader, next)
	return jkt, err
}

// demandNonce asks for a nonce before anything the client may send once, its assertion above all: client libraries repeat the request
// as it is under another proof (RFC 9449 §8).
func (p *Provider) demandNonce(c *gin.Context) error {
	if !dpop.Sent(c.Request.Header) {
		return nil
	}
	ctx := c.Request.Context()
	nonces, err := p.dpopNonces(ctx)
	if err != nil || !nonces {
		return err
	}
	err = p.proofs.Demand(ctx, p.proven(c, "", nonces))
	if refusal, ok := dpop.AsRefusal(err); ok {
		return refusedProof(refusal)
	}
	return err
}

// proven is what the proof of this request must be about.
func (p *Provider) proven(c *gin.Context, accessToken string, nonces bool) dpop.Request {
	return dpop.Request{
		Header: c.Request.Header, Method: c.Request.Method, AccessToken: accessToken, Nonce: nonces,
		URL: p.base.Scheme + "://" + p.base.Host + c.Request.URL.EscapedPath(), // as clients see it, also behind a proxy
	}
}

func refusedProof(refusal *dpop.Refusal) *Error {
	refused := refuse(InvalidDPoPProof, "%s", refusal.Description)
	if refusal.Nonce != "" {
		refused.Code, refused.DPoPNonce = UseDPoPNonce, refusal.Nonce
	}
	return refused
}

// writeNonce puts a nonce on an error that asks for it and on no other: client libraries repeat whatever request is
// answered with one.
func writeNonce(c *gin.Context, e *Error) {
	c.Writer.Header().Del(dpop.NonceHeader)
	if e.DPoPNonce != "" {
		c.Header(dpop.NonceHeader, e.DPoPNonce)
	}
}

// checkBoundToken compares how an access token is presented with what it is (RFC 9449 §7.1, §7.2): a bound one needs the DPoP
// scheme and a proof by its key, an unbound one is for the Bearer scheme.
func (p *Provider) checkBoundToken(c *gin.Context, presented presentedToken, token accessToken) error {
	switch {
	case presented.scheme != dpop.Scheme && token.boundKey() != "":
		return refuse(InvalidToken, "the access token is bound to a DPoP key: send it with the scheme DPoP and a proof")
	case presented.scheme != dpop.Scheme:
		return nil
	case token.boundKey() == "":
		return refuse(InvalidToken, "the access token is not bound to a DPoP key: send it with the scheme Bearer")
	}
	jkt, err := p.checkProof(c, presented.token)
	if refused, ok := errors.AsType[*Error](err); ok {
		return refused.withStatus(http.StatusUnauthorized) // here it is a challenge (RFC 9449 §7.1, §9)
	}
	if err == nil && jkt != token.boundKey() {
		err = refuse(InvalidToken, "the access token is bound to another DPoP key")
	}
	return err
}

// checkKeyOfRequest compares the key an authorization request names (dpop_jkt) with the one that pushed it, and returns the one
// the code will be bound to (RFC 9449 §10, §10.1).
func checkKeyOfRequest(named, proven string) (jkt string, err error) {
	if named != "" && proven != "" && named != proven {
		return "", refuse(InvalidRequest, "dpop_jkt is not the thumbprint of the key in the DPoP header")
	}
	return cmp.Or(named, proven), nil
}

// thumbprintLength is that of a SHA-256 in base64url (RFC 7638 §3).
const thumbprintLength = 43

// parseDPoPKey checks the form of dpop_jkt (RFC 9449 §10).
func parseDPoPKey(sent string) (string, error) {
	if sent != "" && (len(sent) != thumbprintLength || strings.ContainsFunc(sent, func(r rune) bool { return !isBase64URL(r) })) {
		return "", refuse(InvalidRequest, "dpop_jkt must be the base64url of a SHA-256 thumbprint: %d characters", thumbprintLength)
	}
	return sent, nil
}

func isBase64URL(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}

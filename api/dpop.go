package api

import (
	"context"

	"github.com/gin-gonic/gin"

	"silentrenew/internal/dpop"
)

// dpopNonceOption is the row of ServerOptions that makes every proof repeat a nonce of ours, "true" or "false" (RFC 9449 §9).
const dpopNonceOption = "Api.DPoP.RequireNonce"

// confirmation says which key a token is bound to (RFC 9449 §6).
type confirmation struct {
	JKT string `json:"jkt"` // SHA-256 thumbprint of the key (RFC 7638)
}

// checkBinding compares how a token is presented with what it is. One that is bound to a key needs the DPoP scheme and a proof
// by that key (RFC 9449 §7.1); as a bearer token it is refused, or stealing it would pay after all (§7.2).
func (a *API) checkBinding(c *gin.Context, presented presentedToken, token *accessToken) error {
	switch {
	case presented.scheme != dpop.Scheme && token.Key != "":
		return refuseToken("the access token is bound to a DPoP key: send it with the scheme DPoP and a proof")
	case presented.scheme != dpop.Scheme:
		return nil
	case token.Key == "":
		return refuseToken("the access token is not bound to a DPoP key: send it with the scheme Bearer")
	}
	jkt, err := a.checkProof(c, presented.token)
	if err == nil && jkt != token.Key {
		err = refuseToken("the access token is bound to another DPoP key")
	}
	return err
}

// checkProof returns the thumbprint of the key that made the proof of this request (RFC 9449 §4.3).
func (a *API) checkProof(c *gin.Context, token string) (jkt string, err error) {
	ctx := c.Request.Context()
	nonces, err := a.dpopNonces(ctx)
	if err != nil {
		return "", err
	}
	jkt, err = a.proofs.Check(ctx, dpop.Request{
		Header: c.Request.Header, Method: c.Request.Method, AccessToken: token, Nonce: nonces,
		URL: a.origin + c.Request.URL.EscapedPath(), // as clients see it, also behind a proxy
	})
	if refusal, ok := dpop.AsRefusal(err); ok {
		refused := refuseToken("%s", refusal.Description)
		refused.Code = InvalidDPoPProof
		if refusal.Nonce != "" {
			refused.Code, refused.DPoPNonce = UseDPoPNonce, refusal.Nonce
		}
		return "", refused
	}
	eventOf(c).Parameters["jkt"] = jkt // whose key it was is no secret
	if err != nil || !nonces {
		return jkt, err
	}
	next, err := a.proofs.Nonce(ctx)
	c.Header(dpop.NonceHeader, next) // for the next request (RFC 9449 §8.2)
	return jkt, err
}

// dpopNonces reports whether every proof must repeat a nonce of ours.
func (a *API) dpopNonces(ctx context.Context) (bool, error) {
	text, _, err := a.db.Option(ctx, dpopNonceOption)
	return text == "true", err
}

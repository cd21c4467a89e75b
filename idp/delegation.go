package idp

import (
	"context"
	"crypto/rand"
	"slices"

	"silentrenew/db"
)

// mayActProperty is the ClientProperties row whose value is the client_id that may act for the users of a client: its
// access tokens say so in may_act (RFC 8693 §4.4).
const mayActProperty = "may_act"

// maxActors bounds the chain of those who act for one another.
const maxActors = 4

// actor is who acts for the subject of a token, and who acted before them (RFC 8693 §4.1).
type actor struct {
	Subject string `json:"sub"`
	Act     *actor `json:"act,omitempty"`
}

// length is the number of actors in the chain.
func (a *actor) length() int {
	if a == nil {
		return 0
	}
	return 1 + a.Act.length()
}

// authorizedActor is the party a token says may act for its subject (RFC 8693 §4.4): one of our clients, by its client_id.
type authorizedActor struct {
	Subject string `json:"sub"`
}

// delegation is what distinguishes a token somebody acts with from one that was issued to its subject.
type delegation struct {
	Subject string
	Act     *actor
	Expires int64 // seconds since the epoch: when the subject token ends, and this one at the latest
}

// into writes what a delegated token says into its claims.
func (d *delegation) into(claims map[string]any) {
	if d == nil {
		return
	}
	claims["sub"], claims["act"] = d.Subject, d.Act
	if expires, ok := claims["exp"].(int64); ok {
		claims["exp"] = min(expires, d.Expires)
	}
}

// delegate returns the chain of actors of the new token: whoever actor_token is about, or else the client itself, and
// those the subject token names. A token of this provider always says who acts; none lets the client pass for the user.
func (p *Provider) delegate(ctx context.Context, request tokenRequest, subject accessToken) (*actor, error) {
	act := &actor{Subject: request.Client.ClientID, Act: subject.Act}
	if request.Form.Get("actor_token") != "" {
		token, err := p.exchangedToken(ctx, request, "actor_token")
		if err != nil {
			return nil, err
		}
		if token.ClientID != request.Client.ClientID { // or a token from anywhere would lend its name
			return nil, refuse(InvalidRequest, "actor_token was issued to another client")
		}
		act.Subject = token.Subject
	} else if request.Form.Get("actor_token_type") != "" { // RFC 8693 §2.1
		return nil, refuse(InvalidRequest, "actor_token_type is sent without actor_token")
	}
	if act.length() > maxActors {
		return nil, refuse(InvalidRequest, "subject_token has passed through %d hands, which is enough", maxActors)
	}
	request.Event.Parameters["act"] = act.Subject
	return act, p.mayAct(ctx, request.Client, subject, act.Subject)
}

// mayAct refuses who has no business with a token. When it names a party in may_act, that party and nobody else may act
// (RFC 8693 §4.4). Otherwise the client must be the one it was issued to, or the API it was sent to.
func (p *Provider) mayAct(ctx context.Context, client db.Client, subject accessToken, actor string) error {
	if named := subject.MayAct; named != nil {
		if named.Subject != actor {
			return refuse(InvalidRequest, "subject_token names somebody else in may_act (RFC 8693 section 4.4)")
		}
		return nil
	}
	if subject.ClientID == client.ClientID {
		return nil
	}
	addressed, err := p.addressedTo(ctx, subject, client)
	if err == nil && !addressed {
		err = refuse(InvalidRequest, "subject_token was neither issued nor sent to client %s, and has no may_act for it", client.ClientID)
	}
	return err
}

// addressedTo reports whether the token is for the API that this client is: the one of its name, by whatever name the
// token calls it.
func (p *Provider) addressedTo(ctx context.Context, token accessToken, client db.Client) (bool, error) {
	if slices.Contains(token.Audience, client.ClientID) {
		return true, nil
	}
	resources, err := p.db.Resources(ctx)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(resources.APIs, func(api db.APIResource) bool {
		return api.Name == client.ClientID && api.ResourceURI != "" && slices.Contains(token.Audience, api.ResourceURI)
	}), nil
}

// descendantJTI identifies a token made from another. It begins with the other's, so that what takes that one back, or the
// family it is of, takes this one back too (db.TokenRevoked).
func descendantJTI(token accessToken) string {
	if token.JTI == "" { // IncludeJwtId = false: nobody can take that one back either
		return rand.Text()
	}
	return newJTI(token.JTI)
}

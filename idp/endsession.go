package idp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/views"
)

// returnAfter is how long the logged-out page stays before it leads back to the client by itself (A27).
const returnAfter = 2 * time.Second

// logoutRequest is a request of RP-Initiated Logout §2 whose parameters have been checked. The zero value is a user who
// came by themselves.
type logoutRequest struct {
	client        *db.Client // who asks; nil when nobody does or the hint is not ours
	returnURI     string     // its registered post_logout_redirect_uri, "" when there is none to go to
	state         string
	hint          *idTokenClaims // nil without a valid id_token_hint
	ignoredReason string         // why something that was sent does not count
}

// endSession serves GET and POST /connect/endsession (RP-Initiated Logout §2) and GET /account/logout. A valid hint about
// the session at hand ends it at once; without one the user is asked first, or any page could log them out (A26, §6).
func (p *Provider) endSession(c *gin.Context) error {
	request, err := p.logoutRequest(c.Request.Context(), protocolParameters(c.Request))
	if err != nil {
		return err
	}
	describeLogout(c, request)
	session, err := p.currentSession(c)
	if err != nil {
		return err
	}
	switch {
	case session == nil:
		return p.loggedOut(c, request, nil)
	case request.confirms(*session):
		if err := p.endSessionNow(c, *session); err != nil {
			return err
		}
		return p.loggedOut(c, request, session)
	}
	return p.askToLogOut(c, request, *session)
}

// logout serves POST /account/logout: the user says yes. The answer is the logged-out page by way of a GET, so that a
// reload does not post again; with clients to tell in frames it is the page itself, since only now we know them.
func (p *Provider) logout(c *gin.Context) error {
	request, err := p.logoutRequest(c.Request.Context(), c.Request.PostForm)
	if err != nil {
		return err
	}
	describeLogout(c, request)
	session, err := p.currentSession(c)
	if err != nil {
		return err
	}
	if session != nil {
		if err := p.endSessionNow(c, *session); err != nil {
			return err
		}
	}
	if len(p.logoutFrames(c.Request.Context(), session)) > 0 {
		return p.loggedOut(c, request, session)
	}
	target := p.path("/account/logout")
	if query := request.parameters(); len(query) > 0 {
		target += "?" + query.Encode()
	}
	redirect(c, target)
	return nil
}

// logoutRequest checks the parameters. Only a contradiction is an error; what cannot be verified just does not count, so
// that a user can always log out: with a hint from before the database was made anew, for one (A19).
func (p *Provider) logoutRequest(ctx context.Context, values url.Values) (logoutRequest, error) {
	sent, err := readParameters(values, "id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint", "ui_locales")
	if err != nil {
		return logoutRequest{}, err
	}
	request := logoutRequest{state: sent["state"]}
	clientID := sent["client_id"]
	if sent["id_token_hint"] != "" {
		hint, err := p.verifyIDTokenHint(ctx, sent["id_token_hint"]) // expired is fine: RP-Initiated Logout §2
		if err != nil {
			return logoutRequest{ignoredReason: "id_token_hint is no ID token of this provider"}, nil
		}
		if clientID != "" && clientID != hint.ClientID { // RP-Initiated Logout §2: MUST verify
			return logoutRequest{}, refuse(InvalidRequest, "client_id is not the audience of id_token_hint")
		}
		request.hint, clientID = &hint, hint.ClientID
	}
	if clientID == "" {
		if sent["post_logout_redirect_uri"] != "" {
			request.ignoredReason = "post_logout_redirect_uri needs an id_token_hint or a client_id that says whose it is"
		}
		return request, nil
	}
	client, err := p.db.Client(ctx, clientID)
	if errors.Is(err, db.ErrNotFound) || err == nil && !client.Enabled {
		request.ignoredReason = "client_id names no client that is registered here"
		return request, nil
	}
	if err != nil {
		return logoutRequest{}, err
	}
	request.client = &client
	if request.hint != nil {
		if request.hint.Subject, err = p.hintedSubject(ctx, *request.hint, client); err != nil {
			return logoutRequest{}, err
		}
	}
	request.returnURI = sent["post_logout_redirect_uri"]
	if request.returnURI != "" && (!slices.Contains(client.PostLogoutRedirectURIs, request.returnURI) || !redirectable(request.returnURI)) {
		request.returnURI = "" // RP-Initiated Logout §3: MUST NOT redirect (A28)
		request.ignoredReason = "post_logout_redirect_uri is not registered for client " + client.ClientID + ": it must be the same in every character"
	}
	return request, nil
}

// confirms reports whether the hint is about this very session. A hint from an earlier one, or about another user, proves
// only that its holder once had a token.
func (r logoutRequest) confirms(session db.Session) bool {
	return r.hint != nil && r.hint.Subject == session.Subject && r.hint.SessionID == session.SessionID
}

// parameters are what the question page carries along. The client is enough: the hint has said who that is.
func (r logoutRequest) parameters() url.Values {
	values := url.Values{}
	if r.client == nil {
		return values
	}
	values.Set("client_id", r.client.ClientID)
	if r.returnURI != "" {
		values.Set("post_logout_redirect_uri", r.returnURI)
		if r.state != "" {
			values.Set("state", r.state)
		}
	}
	return values
}

// returnAddress is where the user goes afterwards, with state as it was sent (RP-Initiated Logout §3); "" for nowhere.
func (r logoutRequest) returnAddress() string {
	if r.returnURI == "" || r.state == "" {
		return r.returnURI
	}
	return withQuery(r.returnURI, url.Values{"state": {r.state}})
}

func describeLogout(c *gin.Context, request logoutRequest) {
	e := eventOf(c)
	e.Reason = request.ignoredReason
	if request.client != nil {
		e.ClientID = request.client.ClientID
	}
}

// ignored is what the page tells the client's developer. It has nowhere else to go: an end session request has no answer, and
// what fails to validate only must not be used (RP-Initiated Logout §4).
func (r logoutRequest) ignored() views.IDPIgnored {
	if r.ignoredReason == "" {
		return views.IDPIgnored{}
	}
	return views.IDPIgnored{Code: string(InvalidRequest), Description: r.ignoredReason}
}

func (p *Provider) askToLogOut(c *gin.Context, request logoutRequest, session db.Session) error {
	page := views.IDPLogoutPage{
		Site:    p.site(),
		Action:  p.path("/account/logout"),
		User:    session.DisplayName,
		Ignored: request.ignored(),
		Stay:    p.path("/"),
	}
	if request.client != nil {
		page.Client = clientName(*request.client)
		if origin := originOf(request.client.ClientURI); origin != "" {
			page.Stay = request.client.ClientURI
		}
	}
	parameters := request.parameters()
	for _, name := range []string{"client_id", "post_logout_redirect_uri", "state"} {
		if value := parameters.Get(name); value != "" {
			page.Hidden = append(page.Hidden, views.IDPField{Name: name, Value: value})
		}
	}
	return p.render(c, http.StatusOK, views.IDPLogout(page), policy{forms: formsStay})
}

// loggedOut shows that it is done, with the way back to the client when there is one, and tells the clients of the ended
// session in frames. The page has no form, so the client it leads to may frame it and log out in a hidden frame.
func (p *Provider) loggedOut(c *gin.Context, request logoutRequest, ended *db.Session) error {
	page := views.IDPLoggedOutPage{Site: p.site(), ReturnURL: request.returnAddress(), ReturnAfter: returnAfter, Ignored: request.ignored()}
	page.AutoReturn = page.ReturnURL != ""
	if request.client != nil {
		page.Client = clientName(*request.client)
	}
	page.Frames = p.logoutFrames(c.Request.Context(), ended)
	allowed := policy{framed: originOf(request.returnURI), scripts: page.AutoReturn}
	for _, frame := range page.Frames {
		allowed.frames = append(allowed.frames, frameOrigin(frame.Address))
	}
	return p.render(c, http.StatusOK, views.IDPLoggedOut(page), allowed)
}

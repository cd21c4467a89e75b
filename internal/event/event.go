package event

import "time"

// Roles name who emits an event: one of the three roles of RFC 6749 §1.1 that run here, or the page in the browser.
const (
	RoleIDP  = "idp"  // the authorization server
	RoleAPI  = "api"  // the resource server
	RoleSPA  = "spa"  // the web server of the client
	RolePage = "page" // the client's JavaScript in the browser
)

// OutcomeOK is the outcome of a step that did what it was asked to. Any other outcome is a registered error code.
const OutcomeOK = "ok"

// Event is one step of the protocol as one role saw it.
type Event struct {
	ID            uint64            `json:"id"`                       // position on the bus, from 1; set by Emit
	Time          time.Time         `json:"time"`                     // when the step ended; set by Emit when zero
	Kind          string            `json:"kind"`                     // what happened, such as "authorize" or "access_token.expiring"
	Role          string            `json:"role"`                     // who saw it
	CorrelationID string            `json:"correlation_id,omitempty"` // the same for all steps of one renewal
	ClientID      string            `json:"client_id,omitempty"`
	Subject       string            `json:"sub,omitempty"`
	SessionID     string            `json:"sid,omitempty"`
	Parameters    map[string]string `json:"parameters,omitempty"` // secrets masked, see Mask
	Status        int               `json:"status,omitempty"`     // HTTP status of the answer, 0 when there was none
	Duration      time.Duration     `json:"duration,omitempty"`   // nanoseconds
	Outcome       string            `json:"outcome"`              // OutcomeOK or an error code
	Reason        string            `json:"reason,omitempty"`     // why, in words, when the outcome is not OutcomeOK
}

// OK reports whether the step did what it was asked to.
func (e Event) OK() bool { return e.Outcome == OutcomeOK }

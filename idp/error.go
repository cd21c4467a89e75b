package idp

import (
	"context"
	"errors"
	"fmt"

	"silentrenew/db"
)

// Code is a registered error code (RFC 6749 §11.4 registry, OIDC Core §3.1.2.6, RFC 6750 §3.1).
type Code string

// Error codes of the authorization endpoint (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6).
const (
	InvalidRequest           Code = "invalid_request"
	UnauthorizedClient       Code = "unauthorized_client"
	AccessDenied             Code = "access_denied"
	UnsupportedResponseType  Code = "unsupported_response_type"
	InvalidScope             Code = "invalid_scope"
	ServerError              Code = "server_error"
	TemporarilyUnavailable   Code = "temporarily_unavailable"
	InteractionRequired      Code = "interaction_required"
	LoginRequired            Code = "login_required"
	AccountSelectionRequired Code = "account_selection_required"
	ConsentRequired          Code = "consent_required"
	RequestNotSupported      Code = "request_not_supported"
	RegistrationNotSupported Code = "registration_not_supported"
	InvalidRequestObject     Code = "invalid_request_object" // RFC 9101 §7
	InvalidRequestURI        Code = "invalid_request_uri"    // OIDC Core §3.1.2.6

	// OpenID Connect Core Error Code unmet_authentication_requirements §2
	UnmetAuthenticationRequirements Code = "unmet_authentication_requirements"
)

// Error codes of the token endpoint (RFC 6749 §5.2) and of protected resources (RFC 6750 §3.1).
const (
	InvalidClient        Code = "invalid_client"
	InvalidGrant         Code = "invalid_grant"
	UnsupportedGrantType Code = "unsupported_grant_type"
	InvalidToken         Code = "invalid_token"
	InsufficientScope    Code = "insufficient_scope"
)

// Error codes about proofs of possession (RFC 9449 §5, §8).
const (
	InvalidDPoPProof Code = "invalid_dpop_proof"
	UseDPoPNonce     Code = "use_dpop_nonce"
)

// Error codes of the token endpoint while a user is busy with a device's code (RFC 8628 §3.5).
const (
	AuthorizationPending Code = "authorization_pending"
	SlowDown             Code = "slow_down"
	ExpiredToken         Code = "expired_token"
)

// Words of our own for plain HTTP errors. They stand on pages and never in a protocol response.
const (
	NotFound         Code = "not_found"
	MethodNotAllowed Code = "method_not_allowed"
	Forbidden        Code = "forbidden"
)

// Error is what a client's developer gets to know. Code is the registered value, Description names the parameter and
// says what to do, Status is the HTTP status where the code alone does not decide it (0 otherwise), cause is for our log
// and never for the wire.
type Error struct {
	Code        Code
	Description string
	Status      int
	DPoPNonce   string // to try again with (use_dpop_nonce, RFC 9449 §8)
	cause       error
}

func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Description, e.cause)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Description)
}

func (e *Error) Unwrap() error { return e.cause }

// refuse returns an Error. The description must not repeat a secret the client sent.
func refuse(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Description: fmt.Sprintf(format, args...)}
}

// withStatus sets the HTTP status of an error that is shown as a page.
func (e *Error) withStatus(status int) *Error {
	e.Status = status
	return e
}

// asError returns err as an Error: anything else is a server_error whose cause stays with us.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	switch {
	case errors.Is(err, db.ErrBusy):
		return &Error{Code: TemporarilyUnavailable, cause: err,
			Description: "another program has locked the database: commit or undo the edit that is open there, and try again"}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: TemporarilyUnavailable, Description: "the request took too long, try again", cause: err}
	case errors.Is(err, context.Canceled): // a page that was left, a hidden frame that was taken away
		return &Error{Code: TemporarilyUnavailable, Description: "the connection was closed before the answer was ready", cause: err}
	}
	return &Error{Code: ServerError, cause: err}
}

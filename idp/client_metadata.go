package idp

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error codes of the registration endpoint (RFC 7591 §3.2.2, OIDC Registration §3.3).
const (
	InvalidRedirectURI          Code = "invalid_redirect_uri"
	InvalidClientMetadata       Code = "invalid_client_metadata"
	UnapprovedSoftwareStatement Code = "unapproved_software_statement"
)

// clientMetadata is what a client says about itself (OIDC Registration §2, RFC 7591 §2). A pointer is nil, and a text or a list
// empty, where the client left it out.
type clientMetadata struct {
	RedirectURIs                 []string        `json:"redirect_uris,omitempty"`
	ResponseTypes                []string        `json:"response_types,omitempty"`
	GrantTypes                   []string        `json:"grant_types,omitempty"`
	ApplicationType              string          `json:"application_type,omitempty"`
	Contacts                     []string        `json:"contacts,omitempty"`
	ClientName                   string          `json:"client_name,omitempty"`
	LogoURI                      string          `json:"logo_uri,omitempty"`
	ClientURI                    string          `json:"client_uri,omitempty"`
	PolicyURI                    string          `json:"policy_uri,omitempty"`
	TermsOfServiceURI            string          `json:"tos_uri,omitempty"`
	Scope                        string          `json:"scope,omitempty"`
	JWKSURI                      string          `json:"jwks_uri,omitempty"`
	JWKS                         json.RawMessage `json:"jwks,omitempty"`
	SectorIdentifierURI          string          `json:"sector_identifier_uri,omitempty"`
	SubjectType                  string          `json:"subject_type,omitempty"`
	IDTokenSignedResponseAlg     string          `json:"id_token_signed_response_alg,omitempty"`
	UserinfoSignedResponseAlg    string          `json:"userinfo_signed_response_alg,omitempty"`
	RequestObjectSigningAlg      string          `json:"request_object_signing_alg,omitempty"`
	TokenEndpointAuthMethod      string          `json:"token_endpoint_auth_method,omitempty"`
	TokenEndpointAuthSigningAlg  string          `json:"token_endpoint_auth_signing_alg,omitempty"`
	DefaultMaxAge                *int            `json:"default_max_age,omitempty"` // seconds
	RequireAuthTime              *bool           `json:"require_auth_time,omitempty"`
	DefaultACRValues             []string        `json:"default_acr_values,omitempty"`
	InitiateLoginURI             string          `json:"initiate_login_uri,omitempty"`
	RequestURIs                  []string        `json:"request_uris,omitempty"`
	PostLogoutRedirectURIs       []string        `json:"post_logout_redirect_uris,omitempty"`
	FrontChannelLogoutURI        string          `json:"frontchannel_logout_uri,omitempty"`
	FrontChannelLogoutSession    *bool           `json:"frontchannel_logout_session_required,omitempty"`
	BackChannelLogoutURI         string          `json:"backchannel_logout_uri,omitempty"`
	BackChannelLogoutSession     *bool           `json:"backchannel_logout_session_required,omitempty"`
	RequirePushedAuthorization   *bool           `json:"require_pushed_authorization_requests,omitempty"` // RFC 9126 §6
	RequireSignedRequestObject   *bool           `json:"require_signed_request_object,omitempty"`         // RFC 9101 §10.5
	DPoPBoundAccessTokens        *bool           `json:"dpop_bound_access_tokens,omitempty"`              // RFC 9449 §5.2
	SoftwareID                   string          `json:"software_id,omitempty"`
	SoftwareVersion              string          `json:"software_version,omitempty"`
	SoftwareStatement            string          `json:"software_statement,omitempty"`
	IDTokenEncryptedResponseAlg  string          `json:"id_token_encrypted_response_alg,omitempty"`
	UserinfoEncryptedResponseAlg string          `json:"userinfo_encrypted_response_alg,omitempty"`
	RequestObjectEncryptionAlg   string          `json:"request_object_encryption_alg,omitempty"`
	IDTokenEncryptedResponseEnc  string          `json:"id_token_encrypted_response_enc,omitempty"`
	UserinfoEncryptedResponseEnc string          `json:"userinfo_encrypted_response_enc,omitempty"`
	RequestObjectEncryptionEnc   string          `json:"request_object_encryption_enc,omitempty"`

	// Only in an update (RFC 7592 §2.2).
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
}

// notInUpdate are the members of our answer that a client must not send back (RFC 7592 §2.2).
var notInUpdate = []string{"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"}

// refuseMetadata returns an invalid_client_metadata. The description begins with the field.
func refuseMetadata(field, format string, args ...any) *Error {
	return refuse(InvalidClientMetadata, "%s "+format, append([]any{field}, args...)...)
}

// readClientMetadata reads the body of a registration request: a JSON object. A member we do not know is ignored, one that is
// null or empty counts as left out (RFC 7591 §2, RFC 7592 §2.2), and one of the wrong JSON type is named.
func readClientMetadata(r *http.Request) (clientMetadata, map[string]json.RawMessage, error) {
	var metadata clientMetadata
	contentType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || contentType != "application/json" {
		return metadata, nil, refuse(InvalidClientMetadata, "Content-Type must be application/json")
	}
	body, err := io.ReadAll(r.Body)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return metadata, nil, refuse(InvalidClientMetadata, "the body is longer than %d bytes", tooLarge.Limit).withStatus(http.StatusRequestEntityTooLarge)
	}
	if err != nil {
		return metadata, nil, refuse(InvalidClientMetadata, "the body did not arrive")
	}
	return parseClientMetadata(body)
}

func parseClientMetadata(body []byte) (clientMetadata, map[string]json.RawMessage, error) {
	var metadata clientMetadata
	var members map[string]json.RawMessage
	if !utf8.Valid(body) || json.Unmarshal(body, &members) != nil || members == nil {
		return metadata, nil, refuse(InvalidClientMetadata, "the body must be one JSON object")
	}
	into := reflect.ValueOf(&metadata).Elem()
	for i := range into.NumField() {
		name, _, _ := strings.Cut(into.Type().Field(i).Tag.Get("json"), ",")
		sent, has := members[name]
		if !has {
			continue
		}
		if err := json.Unmarshal(sent, into.Field(i).Addr().Interface()); err != nil {
			return clientMetadata{}, nil, refuseMetadata(name, "has the wrong JSON type")
		}
		if err := checkTexts(name, into.Field(i).Interface()); err != nil {
			return clientMetadata{}, nil, err
		}
	}
	if string(metadata.JWKS) == "null" {
		metadata.JWKS = nil
	}
	return metadata, members, nil
}

const (
	maxListLength     = 20   // entries of a list of the metadata
	maxMetadataLength = 2000 // bytes of a text: the width of the columns
)

// checkTexts bounds a member. Texts stand in headers and on pages, so they are text.
func checkTexts(name string, value any) error {
	list, several := value.([]string)
	if text, one := value.(string); one {
		list = []string{text}
	}
	if several && len(list) > maxListLength {
		return refuseMetadata(name, "has more than %d entries", maxListLength)
	}
	for i, text := range list {
		switch {
		case len(text) > maxMetadataLength:
			return refuseMetadata(name, "is longer than %d characters", maxMetadataLength)
		case strings.ContainsFunc(text, noText):
			return refuseMetadata(name, "contains characters that are not text")
		case several && text == "":
			return refuseMetadata(name, "has an empty entry")
		case several && slices.Contains(list[:i], text):
			return refuseMetadata(name, "has an entry twice")
		}
	}
	return nil
}

// noText reports whether a character has no place in a text: control characters, and those that turn the direction of writing,
// which would also turn the words of ours that a name stands among (Unicode TR 36 §2.5).
func noText(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }

// sentByMistake returns a member that an update must not have, "" for none.
func sentByMistake(members map[string]json.RawMessage) string {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if slices.Contains(notInUpdate, name) {
			return name
		}
	}
	return ""
}

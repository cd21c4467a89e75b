package api

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"
)

// oneOrMany is a claim that is a string or an array of strings, as aud is (RFC 7519 §4.1.3) and as many providers send roles.
type oneOrMany []string

// UnmarshalJSON implements [json.Unmarshaler].
func (o *oneOrMany) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*o = oneOrMany{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(o))
}

// spaceList is the scope claim: values with spaces between them (RFC 8693 §4.2), or an array, as IdentityServer4 sends it.
type spaceList []string

// UnmarshalJSON implements [json.Unmarshaler].
func (s *spaceList) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*s = strings.Fields(one)
		return nil
	}
	return json.Unmarshal(data, (*[]string)(s))
}

// numberDate is a time in seconds since the epoch (RFC 7519 §2).
type numberDate time.Time

// UnmarshalJSON implements [json.Unmarshaler].
func (n *numberDate) UnmarshalJSON(data []byte) error {
	var seconds float64
	if err := json.Unmarshal(data, &seconds); err != nil {
		return err
	}
	if math.Abs(seconds) > 1<<40 { // some 35,000 years
		return errors.New("out of range")
	}
	*n = numberDate(time.Unix(int64(seconds), 0))
	return nil
}

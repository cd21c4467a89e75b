package db

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// cursor is a place in a list, from which it is read on or back. The zero cursor is the beginning.
type cursor struct {
	Place    []any // the values of an order's keys
	Backward bool  `json:",omitempty"`
}

// sumLength is how many bytes of the checksum a cursor carries.
const sumLength = 8

// text writes the cursor for the wire. It begins with a checksum over itself and the query, which finds whatever was
// mistyped, cut off or taken from another query. It is no secret and keeps none: whoever computes it gets companies.
func (c cursor) text(q CompanyQuery) string {
	text, _ := json.Marshal(c) // strings and a number always can
	return base64.RawURLEncoding.EncodeToString(append(c.sum(q, text), text...))
}

func (cursor) sum(q CompanyQuery, text []byte) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "company cursor 1\x00%s\x00%s\x00%s\x00%s", q.Search, q.Country, q.Sort, text))
	return sum[:sumLength]
}

// parseCursor returns the place where a query goes on.
func parseCursor(q CompanyQuery) (c cursor, err error) {
	if q.Cursor == "" {
		return cursor{}, nil
	}
	refused := &ValidationError{"cursor", "must come from another page of the same search, country and sort"}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(q.Cursor)
	if err != nil || len(raw) < sumLength || !bytes.Equal(raw[:sumLength], c.sum(q, raw[sumLength:])) {
		return cursor{}, refused
	}
	if json.Unmarshal(raw[sumLength:], &c) != nil || len(c.Place) != len(orderOf(q).keys) {
		return cursor{}, refused
	}
	for i, key := range orderOf(q).keys { // somebody may have computed the checksum
		text, isText := c.Place[i].(string)
		number, isNumber := c.Place[i].(float64)
		switch {
		case key == `"BlocksKey"` && isNumber && number > -1<<31 && number < 1<<31:
			c.Place[i] = int(number)
		case key != `"BlocksKey"` && isText && storable(text):
		default:
			return cursor{}, refused
		}
	}
	return c, nil
}

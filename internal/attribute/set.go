package attribute

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Set gives the row the value that a text says. A list is separated by commas or spaces; an empty text empties what can be
// empty. The error says what the value must be and does not name the attribute.
func (a Attribute[T]) Set(row *T, text string) error {
	if a.Kind == List {
		return a.SetList(row, strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }))
	}
	return a.set(a.field(row), text)
}

// SetList gives the row the values of a list.
func (a Attribute[T]) SetList(row *T, values []string) error {
	if a.Kind != List {
		return errors.New("takes one value, not a list")
	}
	if len(values) == 0 {
		values = nil
	}
	a.field(row).Set(reflect.ValueOf(values))
	return nil
}

func (a Attribute[T]) set(field reflect.Value, text string) error {
	optional := a.Kind == OptionalSwitch || a.Kind == OptionalSeconds
	if optional && text == "" {
		field.SetZero()
		return nil
	}
	switch a.Kind {
	case Text:
		field.SetString(text)
	case Switch, OptionalSwitch:
		on, err := ParseSwitch(text)
		if err != nil {
			return err
		}
		into(field, on)
	case Seconds, OptionalSeconds:
		seconds, err := ParseSeconds(text)
		if err != nil {
			return err
		}
		into(field, seconds)
	case Choice:
		if known, ok := field.Addr().Interface().(encoding.TextUnmarshaler); ok {
			return known.UnmarshalText([]byte(text))
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return errors.New("must be a number")
		}
		field.SetInt(int64(n))
	}
	return nil
}

// into stores a value, or a pointer to it where the field is optional.
func into[T any](field reflect.Value, value T) {
	if field.Kind() == reflect.Pointer {
		field.Set(reflect.ValueOf(&value))
		return
	}
	field.Set(reflect.ValueOf(value))
}

// ParseSwitch reads yes or no in the usual spellings.
func ParseSwitch(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return false, fmt.Errorf("must be true or false, not %q", text)
}

// ParseSeconds reads a lifetime: seconds, or a duration such as "90s", "10m", "1h30m" or "30d".
func ParseSeconds(text string) (int, error) {
	if seconds, err := strconv.Atoi(text); err == nil {
		return seconds, nil
	}
	d, err := parseDuration(text)
	if err != nil || d%time.Second != 0 {
		return 0, fmt.Errorf("must be whole seconds, or a duration such as \"90s\", \"10m\", \"12h\" or \"30d\", not %q", text)
	}
	return int(d / time.Second), nil
}

// parseDuration is Go's with days, which nobody wants to write as hours.
func parseDuration(text string) (time.Duration, error) {
	days, rest, found := strings.Cut(text, "d")
	if !found {
		return time.ParseDuration(text)
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return 0, err
	}
	d := time.Duration(n) * 24 * time.Hour
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	return d + more, err
}

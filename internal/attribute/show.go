package attribute

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"silentrenew/views"
)

// Show says the value for people: a lifetime with its unit and in words, an enumeration as text and number (I21).
func (a Attribute[T]) Show(row T) string {
	if d, ok := a.lifetime(row); ok {
		return Lifetime(d)
	}
	switch value := a.Value(row).(type) {
	case nil:
		return "not set"
	case bool:
		if value {
			return "yes"
		}
		return "no"
	case []string:
		return strings.Join(value, " ")
	case string:
		if a.Kind == Choice {
			return fmt.Sprintf("%s (%d)", value, a.field(&row).Int())
		}
		return value
	default:
		return fmt.Sprint(value)
	}
}

// Lifetime says a lifetime as the columns' comments do: "3600 s = 1 hour".
func Lifetime(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d s", d/time.Second)
	}
	return fmt.Sprintf("%d s = %s", d/time.Second, views.HumanDuration(d))
}

// words is the text of an enumeration.
func words(field reflect.Value) string { return fmt.Sprint(field.Interface()) }

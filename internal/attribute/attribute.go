package attribute

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"silentrenew/db"
)

// Kind is what an attribute's values are.
type Kind int

// The kinds. Those called optional can be empty, which means what the column's comment says.
const (
	Text Kind = iota
	Switch
	OptionalSwitch
	Seconds
	OptionalSeconds
	Choice // an enumeration with text and number
	List   // of texts
)

// Attribute is one thing that can be said about a client. Its zero value is none.
type Attribute struct {
	Name  string // the column's name, or that of the list
	Kind  Kind
	index int // of the field in db.Client
}

// notSaid are the fields nobody writes by hand. Secrets, claims and properties have forms of their own.
var notSaid = []string{"ID", "ClientID", "Created", "Updated", "LastAccessed", "RegistrationAccessToken", "Secrets", "Claims", "Properties"}

// All are the attributes in the order of the columns; ClientId, the name itself, is not among them.
var All = attributes()

func attributes() []Attribute {
	var all []Attribute
	row := reflect.TypeFor[db.Client]()
	for i := range row.NumField() {
		field := row.Field(i)
		if kind, ok := kindOf(field.Type); ok && !slices.Contains(notSaid, field.Name) {
			all = append(all, Attribute{db.ColumnName(field.Name), kind, i})
		}
	}
	return all
}

func kindOf(t reflect.Type) (Kind, bool) {
	switch t {
	case reflect.TypeFor[string]():
		return Text, true
	case reflect.TypeFor[bool]():
		return Switch, true
	case reflect.TypeFor[*bool]():
		return OptionalSwitch, true
	case reflect.TypeFor[int]():
		return Seconds, true // every whole number of a client is a lifetime, a lead, a grace or an age
	case reflect.TypeFor[*int]():
		return OptionalSeconds, true
	case reflect.TypeFor[[]string]():
		return List, true
	}
	return Choice, t.Kind() == reflect.Int
}

// synonyms are names that differ from the column's by more than case: IdentityServer's code and RFC 7591 use them.
var synonyms = map[string]string{
	"allowedscopes": "scopes", "scope": "scopes", "allowedgranttypes": "granttypes", "allowedcorsorigins": "corsorigins",
	"name": "clientname", "requirepushedauthorizationrequests": "requirepushedauthorization", "tosuri": "termsofserviceuri",
	"idtokensignedresponsealg": "allowedidentitytokensigningalgorithms", "origins": "corsorigins",
}

// Plain is a name without what does not count: case, dashes, underscores.
func Plain(name string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
}

// Find returns the attribute of that name. When there is none it returns the name it probably should have been, or "".
func Find(name string) (a Attribute, meant string, ok bool) {
	plain := Plain(name)
	if column, known := synonyms[plain]; known {
		plain = column
	}
	names := make([]string, len(All))
	for i, a := range All {
		if Plain(a.Name) == plain {
			return a, "", true
		}
		names[i] = a.Name
	}
	return Attribute{}, Nearest(name, names), false
}

// Nearest returns the name of the list that is spelt most like the given one, or "" when none is close.
func Nearest(name string, names []string) string {
	best, distance := "", 1+len(name)/3
	for _, candidate := range names {
		if d := editDistance(Plain(name), Plain(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

// editDistance counts the letters to insert, delete or replace (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func (a Attribute) field(c *db.Client) reflect.Value { return reflect.ValueOf(c).Elem().Field(a.index) }

// Value is what the client has, as JSON shows it: a text, a number, a switch, a list, the text of an enumeration, or nil.
func (a Attribute) Value(c db.Client) any {
	field := a.field(&c)
	switch a.Kind {
	case OptionalSwitch, OptionalSeconds:
		if field.IsNil() {
			return nil
		}
		return field.Elem().Interface()
	case Choice:
		return words(field)
	case List:
		if field.IsNil() {
			return []string{}
		}
	}
	return field.Interface()
}

// lifetime returns the seconds of the client as a duration; set is false for an optional one that is empty.
func (a Attribute) lifetime(c db.Client) (d time.Duration, set bool) {
	switch n := a.Value(c).(type) {
	case int:
		return time.Duration(n) * time.Second, a.Kind == Seconds || a.Kind == OptionalSeconds
	}
	return 0, false
}

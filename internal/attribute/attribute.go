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

// Attribute is one thing that can be said about a row of type T. Its zero value is none.
type Attribute[T any] struct {
	Name  string // the column's name, or that of the list
	Kind  Kind
	index int // of the field in T
}

// Noun is everything that can be said about one kind of row.
type Noun[T any] struct {
	All      []Attribute[T]    // in the order of the columns
	synonyms map[string]string // names that differ from the column's by more than case
}

// notSaid are the fields of a client that nobody writes by hand. Secrets, claims and properties have forms of their own.
var notSaid = []string{"ID", "ClientID", "Created", "Updated", "LastAccessed", "RegistrationAccessToken", "Secrets", "Claims", "Properties"}

// What is declared and edited; the name that each row goes by is not among its attributes. The synonyms are those of IdentityServer's code
// and of RFC 7591.
var (
	Clients = nounOf[db.Client](notSaid, map[string]string{
		"allowedscopes": "scopes", "scope": "scopes", "allowedgranttypes": "granttypes", "allowedcorsorigins": "corsorigins",
		"name": "clientname", "requirepushedauthorizationrequests": "requirepushedauthorization", "tosuri": "termsofserviceuri",
		"idtokensignedresponsealg": "allowedidentitytokensigningalgorithms", "origins": "corsorigins",
	})
	APIs              = nounOf[db.APIResource]([]string{"Name"}, map[string]string{"userclaims": "claims", "scope": "scopes", "resource": "resourceuri", "uri": "resourceuri"})
	APIScopes         = nounOf[db.APIScope]([]string{"Name"}, map[string]string{"userclaims": "claims"})
	IdentityResources = nounOf[db.IdentityResource]([]string{"Name"}, map[string]string{"userclaims": "claims"})
	Users             = nounOf[db.User]([]string{"SubjectID", "PasswordHash"}, map[string]string{"name": "username"})
)

func nounOf[T any](except []string, synonyms map[string]string) Noun[T] {
	noun := Noun[T]{synonyms: synonyms}
	row := reflect.TypeFor[T]()
	for i := range row.NumField() {
		field := row.Field(i)
		if kind, ok := kindOf(field.Type); ok && !slices.Contains(except, field.Name) {
			noun.All = append(noun.All, Attribute[T]{db.ColumnName(field.Name), kind, i})
		}
	}
	return noun
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

// Plain is a name without what does not count: case, dashes, underscores.
func Plain(name string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
}

// Find returns the attribute of that name. When there is none it returns the name it probably should have been, or "".
func (n Noun[T]) Find(name string) (a Attribute[T], meant string, ok bool) {
	plain := Plain(name)
	if column, known := n.synonyms[plain]; known {
		plain = column
	}
	for _, a := range n.All {
		if Plain(a.Name) == plain {
			return a, "", true
		}
	}
	return Attribute[T]{}, Nearest(name, n.Names()), false
}

// Names lists the columns' names.
func (n Noun[T]) Names() []string {
	names := make([]string, len(n.All))
	for i, a := range n.All {
		names[i] = a.Name
	}
	return names
}

// Nearest returns the name of the list that is spelt most like the given one, else the only one of which it is a part, or "".
func Nearest(name string, names []string) string {
	best, distance := "", 1+len(name)/3
	var longer []string
	for _, candidate := range names {
		if d := editDistance(Plain(name), Plain(candidate)); d < distance {
			best, distance = candidate, d
		}
		if plain := Plain(name); plain != "" && strings.Contains(Plain(candidate), plain) {
			longer = append(longer, candidate)
		}
	}
	if best == "" && len(longer) == 1 {
		return longer[0]
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

func (a Attribute[T]) field(row *T) reflect.Value { return reflect.ValueOf(row).Elem().Field(a.index) }

// Value is what the row has, as JSON shows it: a text, a number, a switch, a list, the text of an enumeration, or nil.
func (a Attribute[T]) Value(row T) any {
	field := a.field(&row)
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

// lifetime returns the seconds of the row as a duration; set is false for an optional one that is empty.
func (a Attribute[T]) lifetime(row T) (d time.Duration, set bool) {
	switch n := a.Value(row).(type) {
	case int:
		return time.Duration(n) * time.Second, a.Kind == Seconds || a.Kind == OptionalSeconds
	}
	return 0, false
}

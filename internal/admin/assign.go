package admin

import (
	"fmt"
	"slices"
	"strings"

	"silentrenew/internal/attribute"
)

// assignment is a word of a command line: Name=value, Name+=value or Name-=value.
type assignment struct{ name, operation, value string }

func parseAssignment(word string) (assignment, error) {
	name, value, found := strings.Cut(word, "=")
	if !found {
		return assignment{}, fmt.Errorf("%q is no assignment: write Name=value", printable(word))
	}
	operation := ""
	if strings.HasSuffix(name, "+") || strings.HasSuffix(name, "-") {
		name, operation = name[:len(name)-1], name[len(name)-1:]
	}
	return assignment{name, operation, value}, nil
}

// assign applies assignments to a row and returns the attributes they name. Other is asked first, for what has a form of its own: it returns the
// name of what it has set, or "".
func assign[T any](noun attribute.Noun[T], what string, row *T, words []string, other func(*T, assignment) (string, error)) (names []string, err error) {
	for _, word := range words {
		one, err := parseAssignment(word)
		if err != nil {
			return nil, err
		}
		name := ""
		if other != nil {
			if name, err = other(row, one); err != nil {
				return nil, err
			}
		}
		if name == "" {
			if name, err = assignAttribute(noun, what, row, one); err != nil {
				return nil, err
			}
		}
		if slices.Contains(names, name) && one.operation == "" {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		names = append(names, name)
	}
	return names, nil
}

func assignAttribute[T any](noun attribute.Noun[T], what string, row *T, one assignment) (name string, err error) {
	a, meant, ok := noun.Find(one.name)
	switch {
	case !ok && meant != "":
		return "", fmt.Errorf("%s has no %q: did you mean %s?", what, printable(one.name), meant)
	case !ok:
		return "", fmt.Errorf("%s has no %q (--help lists the names)", what, printable(one.name))
	case one.operation != "" && a.Kind != attribute.List:
		return "", fmt.Errorf("%s is no list: write %s=value", a.Name, a.Name)
	}
	if err := change(a, row, one.operation, one.value); err != nil {
		return "", fmt.Errorf("%s %w", a.Name, err)
	}
	return a.Name, nil
}

// change sets an attribute, or adds values to a list or takes them away.
func change[T any](a attribute.Attribute[T], row *T, operation, value string) error {
	if operation == "" {
		return a.Set(row, value)
	}
	before := slices.Clone(a.Value(*row).([]string))
	if err := a.Set(row, value); err != nil {
		return err
	}
	for _, text := range a.Value(*row).([]string) {
		switch there := slices.Contains(before, text); {
		case operation == "-":
			before = slices.DeleteFunc(before, func(old string) bool { return old == text })
		case !there:
			before = append(before, text)
		}
	}
	return a.SetList(row, before)
}

func namesHelp[T any](noun attribute.Noun[T]) string {
	return "Names: " + strings.Join(noun.Names(), ", ") + "."
}

package views

import "fmt"

// DifferingText is a value in three parts; Different is what another value does not have in that place.
type DifferingText struct {
	Before, Different, After string
	Gap                      bool // Different is empty because this value lacks something
}

// difference is the value that was sent beside the registered one that resembles it most.
type difference struct {
	Nearest          string
	Sent, Registered DifferingText
}

// difference finds the registered value that shares the longest beginning and end with the sent one.
func (m IDPRedirectMismatch) difference() difference {
	best := difference{Sent: DifferingText{Before: m.Sent}}
	shared := -1
	for _, registered := range m.Registered {
		sentText, registeredText := parted(m.Sent, registered)
		if n := len(sentText.Before) + len(sentText.After); n > shared {
			shared = n
			best = difference{Nearest: registered, Sent: sentText, Registered: registeredText}
		}
	}
	return best
}

// Words says the difference in a sentence, for those who do not see the marks.
func (d difference) Words() string {
	position := len([]rune(d.Sent.Before)) + 1
	switch {
	case d.Nearest == "":
		return ""
	case d.Sent.Different == "" && d.Registered.Different == "":
		return "The two values are equal."
	case d.Sent.Different == "":
		return fmt.Sprintf("The sent value lacks “%s” at character %d.", d.Registered.Different, position)
	case d.Registered.Different == "":
		return fmt.Sprintf("The sent value has “%s” too many at character %d.", d.Sent.Different, position)
	default:
		return fmt.Sprintf("From character %d on the sent value has “%s” where the registered one has “%s”.",
			position, d.Sent.Different, d.Registered.Different)
	}
}

// parted splits two values into what they share at the beginning, what differs, and what they share at the end.
func parted(sent, registered string) (DifferingText, DifferingText) {
	a, b := []rune(sent), []rune(registered)
	shorter := min(len(a), len(b))
	begin := 0
	for begin < shorter && a[begin] == b[begin] {
		begin++
	}
	end := 0
	for end < shorter-begin && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	part := func(text []rune) DifferingText {
		return DifferingText{
			Before:    string(text[:begin]),
			Different: string(text[begin : len(text)-end]),
			After:     string(text[len(text)-end:]),
			Gap:       begin+end == len(text),
		}
	}
	return part(a), part(b)
}

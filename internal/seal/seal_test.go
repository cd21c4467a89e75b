package seal

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

var (
	first  = base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	second = hex.EncodeToString([]byte("abcdef0123456789abcdef0123456789"))
)

func sealer(t testing.TB, keys ...string) *Sealer {
	t.Helper()
	s, err := New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealedValueOpensForItsPurposeOnly(t *testing.T) {
	one := sealer(t, first)
	sealed, err := one.Seal("Keys/k1", `{"kty":"EC"}`)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := one.Seal("Keys/k1", `{"kty":"EC"}`)
	if strings.Contains(sealed, `"kty"`) || !Sealed(sealed) || sealed == again {
		t.Errorf("sealed as %q, and again as %q", sealed, again)
	}
	altered := sealed[:len(sealed)-2] + map[bool]string{true: "AA", false: "BB"}[!strings.HasSuffix(sealed, "AA")]
	for name, row := range map[string]struct {
		sealer        *Sealer
		purpose, text string
		want          string
		current       bool
		err           error
	}{
		"by its key":                    {one, "Keys/k1", sealed, `{"kty":"EC"}`, true, nil},
		"by an older key":               {sealer(t, second, first), "Keys/k1", sealed, `{"kty":"EC"}`, false, nil},
		"without a key":                 {nil, "Keys/k1", sealed, "", false, ErrNoKey},
		"by another key":                {sealer(t, second), "Keys/k1", sealed, "", false, ErrWrongKey},
		"in another row":                {one, "Keys/k2", sealed, "", false, ErrWrongKey},
		"altered":                       {one, "Keys/k1", altered, "", false, ErrWrongKey},
		"never sealed":                  {one, "Keys/k1", `{"kty":"EC"}`, `{"kty":"EC"}`, false, nil},
		"never sealed, and no key here": {nil, "Keys/k1", `{"kty":"EC"}`, `{"kty":"EC"}`, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, current, err := row.sealer.Open(row.purpose, row.text)
			if got != row.want || current != row.current || !errors.Is(err, row.err) {
				t.Errorf("got %q, %v, %v; want %q, %v, %v", got, current, err, row.want, row.current, row.err)
			}
		})
	}
}

func TestWithoutAKeyValuesStayAsTheyAre(t *testing.T) {
	none := sealer(t)
	if got, err := none.Seal("x", "value"); got != "value" || err != nil || none.Active() {
		t.Errorf("got %q, %v, active %v", got, err, none.Active())
	}
}

// RFC 8725 §3.1: what the header asks for does not count.
func TestForeignEncryptionIsNotOurs(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	for name, recipient := range map[string]jose.Recipient{
		"key wrapping": {Algorithm: jose.A256KW, Key: key},
		"no purpose":   {Algorithm: jose.DIRECT, Key: key},
	} {
		encrypter, err := jose.NewEncrypter(jose.A256GCM, recipient, nil)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := encrypter.Encrypt([]byte("value"))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := sealed.CompactSerialize()
		if Sealed(text) {
			t.Errorf("%s: taken for one of ours", name)
		}
	}
}

func TestKeyThatIsNoneIsRefusedWithoutShowingIt(t *testing.T) {
	for _, text := range []string{"", "password", first[:20], first + first} {
		_, err := New(first, text)
		if err == nil || !strings.Contains(err.Error(), "key 2 of 2") || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	s := sealer(f, first)
	sealed, _ := s.Seal("p", "value")
	f.Add(sealed)
	f.Add("eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwiZm9yIjoicCJ9..AA.AA.AA")
	f.Fuzz(func(t *testing.T, text string) {
		value, _, err := s.Open("p", text)
		if err == nil && Sealed(text) && value != "value" {
			t.Errorf("a forged text opens as %q", value)
		}
		if err != nil && value != "" {
			t.Errorf("an error comes with a value")
		}
	})
}

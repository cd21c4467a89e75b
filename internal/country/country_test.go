package country

import "testing"

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"US": "US", "us": "US", "USA": "US", "united states": "US", "Cote d'Ivoire": "CI", "CÔTE D’IVOIRE": "CI", "Türkiye": "TR", "P.R.China": "CN",
		"South Korea": "KR", "(ROK)": "KR", "Hong Kong": "HK", "eswatini": "SZ", "": "", "XX": "", "Atlantis": "", "中国": "",
	} {
		got, ok := Parse(text)
		if got.Code != want || ok != (want != "") {
			t.Errorf("Parse(%q) = %+v, %t; want %q", text, got, ok, want)
		}
	}
}

func TestEveryCountryHasACodeANameAndFindsItself(t *testing.T) {
	if len(All()) != 249 {
		t.Errorf("%d countries, want the 249 of ISO 3166-1", len(All()))
	}
	for _, c := range All() {
		if got, ok := Parse(c.Name); !ok || got != c {
			t.Errorf("Parse(%q) = %+v", c.Name, got)
		}
		if got, ok := Parse(c.Code); !ok || got != c {
			t.Errorf("Parse(%q) = %+v", c.Code, got)
		}
		if name, ok := Name(c.Code); !ok || name == "" {
			t.Errorf("%s has no name", c.Code)
		}
	}
}

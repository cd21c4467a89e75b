package declaration

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// Point 5 of the issue: TOML or YAML, and the same either way. JSON is YAML.
func TestTOMLSaysTheSameAsYAML(t *testing.T) {
	inYAML, err := Read(filepath.Join("testdata", "app.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	inTOML, err := Read(filepath.Join("testdata", "app.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if inTOML.Seed || !reflect.DeepEqual(inTOML.resources.said, inYAML.resources.said) || len(inTOML.clients) != len(inYAML.clients) || len(inTOML.users) != len(inYAML.users) {
		t.Fatalf("got %+v, want %+v", inTOML, inYAML)
	}
	for i, client := range inTOML.clients {
		if !reflect.DeepEqual(client.row, inYAML.clients[i].row) {
			t.Errorf("got %+v, want %+v", client.row, inYAML.clients[i].row)
		}
	}
	for i, user := range inTOML.users {
		if !reflect.DeepEqual(user.row, inYAML.users[i].row) || user.password != inYAML.users[i].password {
			t.Errorf("got %+v, want %+v", user.row, inYAML.users[i].row)
		}
	}
	file := filepath.Join(t.TempDir(), "app.json")
	if err := os.WriteFile(file, []byte(`{"seed": false, "users": [{"username": "u", "password": "p"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if declared, err := Read(file); err != nil || declared.Seed || len(declared.users) != 1 {
		t.Errorf("JSON: %+v, %v", declared, err)
	}
}

func TestWhatIsWrongInTOMLIsSaidWithItsPlace(t *testing.T) {
	const header = "[[clients]]\nclient_id = \"c\"\nredirect_uris = [\"http://localhost:3000/cb\"]\n"
	for name, row := range map[string]struct{ content, want string }{
		"a misspelt key":           {header + "acces_token_lifetime = 60\n", "4:1: acces_token_lifetime is not a key of a client: did you mean AccessTokenLifetime?"},
		"a misspelt section":       {"[[client]]\nclient_id = \"c\"\n", "1:3: client is not a key of the file: did you mean clients?"},
		"a lifetime of 0":          {header + "access_token_lifetime = 0\n", "4:25: client c: AccessTokenLifetime must be between 1 and"},
		"a switch":                 {header + "client_name = \"x\"\nseed = true\n", "5:1: seed is not a key of a client"},
		"one redirect URI of two":  {"[[clients]]\nclient_id = \"c\"\nredirect_uris = [\n  \"http://localhost:3000/cb\",\n  \"/callback\",\n]\n", `5:3: client c: RedirectUri "/callback" must be an absolute URI`},
		"no redirect URI":          {"[[clients]]\nclient_id = \"c\"\ngrant_types = \"authorization_code\"\n", "1:3: client c: RedirectUri must be registered"},
		"of the second client":     {header + "\n[[clients]]\nclient_id = \"d\"\ncolour = \"red\"\n", "7:1: colour is not a key of a client"},
		"in a table below":         {"[[users]]\nusername = \"u\"\npassword = \"p\"\n[users.claims.address]\nstreet = \"x\"\n", "5:1: street is not a key of an address"},
		"in a dotted key":          {"[[users]]\nusername = \"u\"\npassword = \"p\"\nclaims.address.street = \"x\"\n", "4:16: street is not a key of an address"},
		"in an inline table":       {"users = [{username = \"u\", passwort = \"p\"}]\n", "1:27: passwort is not a key of a user: did you mean password?"},
		"one table for a list":     {"[clients]\nclient_id = \"c\"\ngrant_types = \"client_credentials\"\naccess_token_lifetime = true\n", "4:25: AccessTokenLifetime must be whole seconds"},
		"a key twice":              {header + "scopes = \"openid\"\nscopes = \"profile\"\n", "5:1: scopes is given twice"},
		"a table twice":            {"[a.b]\n[a]\n[a.b]\n", "3:2: the table a.b is given twice"},
		"a key twice, spelt twice": {header + "scopes = \"openid\"\nScopes = \"profile\"\n", "5:1: Scopes is given twice"},
		"a text without quotes":    {"[[clients]]\nclient_id = my-spa\n", "2:13: incomplete number: a text stands in quotes"},
		"a word like a switch":     {"[[clients]]\nclient_id = team\n", "2:13: expected 'true': a text stands in quotes"},
		"a section that is misspelt once": {"[[user]]\nusername = \"u\"\n[users.claims]\nrole = \"r\"\n[[users]]\nusername = \"v\"\n",
			"3:2: users is one table here and several below: is [[users]] misspelt above?"},
		"a quotation mark too few":  {"[[clients]]\nclient_id = \"c\n", "2:15: basic strings cannot have new lines"},
		"YAML":                      {"clients:\n  - client_id: c\n", "1:8: "},
		"nothing behind the equals": {"seed =\n", "1:7: "},
		"brackets without end":      {"seed = " + strings.Repeat("[", 100_000), "this is nested too deeply"},
		"too deep for anything":     {"seed = " + strings.Repeat("[", 20) + strings.Repeat("]", 20) + "\n", "this is nested too deeply"},
		"Latin-1":                   {"[[clients]]\nclient_id = \"caf\xe9\"\n", "2:1: this line is not text in UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := read([]byte(row.content), parseTOML)
			if len(problems) == 0 {
				t.Fatal("it was taken")
			}
			if got := describe("app.toml", problems).Error(); !strings.Contains(got, row.want) {
				t.Errorf("got\n%s\nwant\n%s", got, row.want)
			}
		})
	}
}

// Whatever the file, reading it ends, without a panic, in a declaration that can be stored or in problems with a place.
func FuzzReadTOML(f *testing.F) {
	f.Add([]byte("[[clients]]\nclient_id = \"c\"\nclaims.a = [\"b\"]\n[clients.properties]\nx = 1\n[[users]]\nusername = 'u'"))
	f.Add([]byte("apis = [{name = \"a\", scopes = []}, \"b\"]\nseed = true"))
	f.Add([]byte("[a]\nb.c = 1979-05-27\n[a.b]\n[[a.d]]\n[[a.d.e]]"))
	f.Fuzz(func(t *testing.T, content []byte) { keepsItsPromises(t, content, parseTOML) })
}

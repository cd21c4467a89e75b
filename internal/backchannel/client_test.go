package backchannel

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestI19RequestsForThePublicOriginGoToTheInternalAddress(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Host+r.URL.String())
	}))
	defer server.Close()
	client, err := New(nil, map[string]string{"https://login.example.com": server.URL})
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"https://login.example.com/idp/.well-known?a=1": "login.example.com/idp/.well-known?a=1",
		server.URL + "/plain":                           server.Listener.Addr().String() + "/plain",
	} {
		resp, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if got, _ := io.ReadAll(resp.Body); string(got) != want {
			t.Errorf("%s: the server saw %q, want %q", url, got, want)
		}
	}
}

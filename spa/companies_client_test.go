package spa

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnAPIThatIsDownIsSaidAndOffersAnotherTry(t *testing.T) {
	s := newSite(t, nil)
	got := s.partial("/companies?search=x", "mick")
	doc := s.document(got)
	if got.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text(doc, "main"), "The API at http://localhost:5001 does not answer.") {
		t.Errorf("%d %q, want 503 and the reason", got.StatusCode, text(doc, "main"))
	}
	if doc.Find(`main a[href="/companies?search=x"]`).Length() != 1 {
		t.Error("no link to try again")
	}
	if e := s.events(); len(e) != 1 || e[0].Outcome != "temporarily_unavailable" {
		t.Errorf("events %+v", e)
	}
}

func TestAnswersOfTheAPIThatMakeNoSense(t *testing.T) {
	for _, row := range []struct {
		name   string
		api    http.HandlerFunc
		status int
	}{
		{"not JSON", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, 502},
		{"500", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "stack trace", 500) }, 502},
		{"503 with a reason", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(503)
			_, _ = w.Write([]byte(`{"detail":"the provider cannot be reached"}`))
		}, 503},
		{"endless", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"companies":[{"name":"` + strings.Repeat("x", 2<<20) + `"}]}`))
		}, 502},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := newSite(t, row.api).partial("/companies", "mick")
			if got.StatusCode != row.status || strings.Contains(got.body, "stack trace") {
				t.Errorf("%d, want %d and no internals", got.StatusCode, row.status)
			}
			if row.status == 503 && !strings.Contains(got.body, "the provider cannot be reached") {
				t.Error("the API's reason is lost")
			}
		})
	}
}

// A token is for the API alone (RFC 6750 §5.2): an answer that sends us elsewhere is not followed.
func TestA14TheTokenDoesNotFollowARedirect(t *testing.T) {
	hosts := make(map[string]bool)
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		hosts[r.URL.Host] = true
		http.Redirect(w, r, "http://evil.example/collect", http.StatusTemporaryRedirect)
	})
	s.partial("/companies", "mick")
	if hosts["evil.example"] || len(hosts) != 1 {
		t.Errorf("the token went to %v", hosts)
	}
}

func TestOnlyAnIDReachesTheAPIsPaths(t *testing.T) {
	var paths []string
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		companiesAPI(w, r)
	})
	for _, id := range []string{"..", "%2e%2e", "a%2fb", "x%3fy=1", "%00", "privacy", "c1", strings.Repeat("a", 36)} {
		if got := s.partial("/companies/"+id, "mick"); got.StatusCode != http.StatusNotFound {
			t.Errorf("id %q: %d, want 404", id, got.StatusCode)
		}
	}
	if len(paths) != 0 {
		t.Errorf("the API was asked for %q", paths)
	}
}

func TestASlowAPIIsGivenUpOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		api := newCompaniesClient("http://api.test", &http.Client{Transport: slow, Timeout: 10 * time.Second})
		started := time.Now()
		_, err := api.companies(context.Background(), caller{token: "mick"}, companyQuery{})
		if took := time.Since(started); !errors.Is(err, errSlow) || took != 10*time.Second {
			t.Errorf("gave up after %v with %v, want errSlow after 10s", took, err)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

package spa

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"silentrenew/db/dbtest"
)

// submit posts a form as htmx does.
func (s *site) submit(target, token string, form url.Values) answer {
	s.t.Helper()
	return s.do(http.MethodPost, target, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "HX-Request", "true", "Authorization", "Bearer "+token)
}

func TestOneCompanyAndHowItsCountryStands(t *testing.T) {
	s := newSite(t, companiesAPI)
	doc := s.document(s.partial("/companies/"+firstID, "jane"))
	checkLabels(t, doc)
	if got := text(doc, "h1"); got != "IT_Solutions Ltd" {
		t.Errorf("heading %q", got)
	}
	for _, want := range []string{
		"583 Wall Dr. Gwynn Oak, MD 21207 USA", "1 block of the IEEE: 16,777,216 hardware addresses", "23 November 2026, 07:00 UTC",
		"USA has 1,998 of 2,002 companies (99.8 %). That is rank 1 of 2 countries.",
	} {
		if !strings.Contains(text(doc, "main"), want) {
			t.Errorf("the page does not say %q: %s", want, text(doc, "main"))
		}
	}
	if doc.Find("form[data-delete]").Closest(".When-admin").Length() != 1 || doc.Find(`a[href$="/edit"]`).FilterFunction(isForAdmins).Length() != 1 {
		t.Error("Edit and Delete are not for Admins alone")
	}
	if doc.Find(".Standing rect.is-here").Length() != 1 {
		t.Error("the country is not marked among the others")
	}
}

func TestACompanyThatIsNotThereCanBeRestored(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			companiesAPI(w, r)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	})
	for name, got := range map[string]answer{
		"company": s.partial("/companies/"+newID, "mick"), "edit": s.partial("/companies/"+newID+"/edit", "mick"),
		"delete":  s.submit("/companies/"+newID+"/delete", "mick", url.Values{"tag": {currentTag}}),
		"restore": s.submit("/companies/"+newID+"/restore", "mick", nil),
	} {
		if got.StatusCode != http.StatusNotFound || s.document(got).Find(`form[hx-post="/companies/`+newID+`/restore"]`).Length() != 1 {
			t.Errorf("%s: %d, want 404 and the way to restore it", name, got.StatusCode)
		}
	}
}

// A deletion names the version that the user saw (RFC 9110 §13.1.1): what somebody changed meanwhile is shown first.
func TestDeleteAndUndo(t *testing.T) {
	s := newSite(t, companiesAPI)
	for _, row := range []struct {
		name, token, tag string
		status           int
		says             string
	}{
		{"by Mick", "mick", currentTag, 204, ""},
		{"by Jane", "jane", currentTag, 403, "log out and log in with a different user"},
		{"by nobody", "expired", currentTag, 401, "You need to log in first."},
		{"of another version", "mick", staleTag, 412, "Not deleted: somebody has changed this company"},
		{"of no version", "mick", "", 412, "Not deleted"},
		{"with a tag that is no header", "mick", "\"x\"\r\nX-Evil: 1", 412, "Not deleted"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := s.submit("/companies/"+firstID+"/delete", row.token, url.Values{"tag": {row.tag}})
			if got.StatusCode != row.status || !strings.Contains(text(s.document(got), "main"), row.says) {
				t.Errorf("%d %q, want %d %q", got.StatusCode, text(s.document(got), "main"), row.status, row.says)
			}
			if deleted := got.Header.Get("HX-Trigger") == "company-deleted"; deleted != (row.status == 204) {
				t.Errorf("HX-Trigger %q", got.Header.Get("HX-Trigger"))
			}
			if row.status == 412 && s.document(got).Find("form[data-delete] input[name=tag]").AttrOr("value", "") != currentTag {
				t.Error("the form does not go on with the version of now")
			}
		})
	}
	t.Run("undo", func(t *testing.T) {
		got := s.submit("/companies/"+firstID+"/restore", "mick", nil)
		if got.StatusCode != http.StatusOK || got.Header.Get("HX-Push-Url") != "/companies/"+firstID || !strings.Contains(text(s.document(got), "[role=status]"), "Restored") {
			t.Errorf("%d %v, want 200 and the company", got.StatusCode, got.Header)
		}
	})
}

func TestA49TheDraftComesBackWithEveryRefusal(t *testing.T) {
	form := url.Values{"name": {"Lost & Co"}, "address": {"1 \"Way\""}, "country": {"Here"}, "saved-name": {"Before"}}
	with := func(name, value string) url.Values {
		changed := url.Values{name: {value}}
		for name, value := range form {
			if !changed.Has(name) {
				changed[name] = value
			}
		}
		return changed
	}
	for _, row := range []struct {
		name, target, token string
		form                url.Values
		api                 http.HandlerFunc
		status              int
		says                string
	}{
		{"token expired", "/companies", "expired", form, companiesAPI, 401, "your access token has expired"},
		{"not an Admin", "/companies", "jane", form, companiesAPI, 403, "Only an Admin"},
		{"API down", "/companies", "mick", form, nil, 503, "does not answer. Your draft is kept."},
		{"a field is wrong", "/companies", "mick", with("country", "Atlantis"), companiesAPI, 400, "One field needs another look."},
		{"an earlier submit arrived", "/companies", "mick", with("key", "used"), companiesAPI, 422, "has arrived after all"},
		{"edit, token expired", "/companies/" + firstID, "expired", form, companiesAPI, 401, "your access token has expired"},
		{"edit, not an Admin", "/companies/" + firstID, "jane", form, companiesAPI, 403, "Only an Admin"},
		{"edit, deleted meanwhile", "/companies/" + newID, "mick", form, companiesAPI, 404, "somebody has deleted this company"},
		{"edit, API down", "/companies/" + firstID, "mick", form, nil, 503, "does not answer"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t, row.api)
			got := s.submit(row.target, row.token, row.form)
			doc := s.document(got)
			if got.StatusCode != row.status || !strings.Contains(text(doc, "[role=alert]"), row.says) {
				t.Errorf("%d %q, want %d %q", got.StatusCode, text(doc, "[role=alert]"), row.status, row.says)
			}
			field := doc.Find("form#company-form [name=name]")
			if field.AttrOr("value", "") != "Lost & Co" || field.AttrOr("data-saved", "") != "Before" {
				t.Errorf("the name came back as %q, before it was %q", field.AttrOr("value", ""), field.AttrOr("data-saved", ""))
			}
			if action := doc.Find("form#company-form").AttrOr("hx-post", ""); action != row.target {
				t.Errorf("the form goes to %q, want %q", action, row.target)
			}
		})
	}
	t.Run("created", func(t *testing.T) {
		got := newSite(t, companiesAPI).submit("/companies", "mick", form)
		if got.StatusCode != http.StatusCreated || got.Header.Get("HX-Trigger") != "company-saved" || got.Header.Get("HX-Push-Url") != "/companies/"+newID {
			t.Errorf("%d %v, want 201 and the event that throws the draft away", got.StatusCode, got.Header)
		}
	})
	t.Run("too long", func(t *testing.T) {
		got := newSite(t, companiesAPI).submit("/companies", "mick", with("name", strings.Repeat("x", maxForm)))
		if got.StatusCode != http.StatusBadRequest {
			t.Errorf("%d, want 400", got.StatusCode)
		}
	})
}

// The server is the judge: what it says of a field stands beside the field, and the focus goes there.
func TestAWrongFieldIsNamedBesideIt(t *testing.T) {
	s := newSite(t, companiesAPI)
	doc := s.document(s.submit("/companies", "mick", url.Values{"name": {"A"}, "address": {"B"}, "country": {"Atlantis"}}))
	field := doc.Find("form [name=country][autofocus][aria-invalid=true]")
	if field.Length() != 1 || text(doc, "#"+field.AttrOr("aria-describedby", "none")) != "country is not one of ISO 3166-1" {
		t.Error("the country does not say what is wrong with it")
	}
	if doc.Find("form [autofocus]").Length() != 1 || doc.Find("[aria-invalid]").Length() != 1 {
		t.Error("other fields are blamed as well")
	}
}

// R24: the key of the form goes to the API, so that a form that is sent twice creates one company; what cannot be a header is left out.
func TestR24TheKeyOfTheFormReachesTheAPI(t *testing.T) {
	var sent []string
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Header.Get("Idempotency-Key"))
		companiesAPI(w, r)
	})
	for _, key := range []string{"5f2c", "a\r\nX: 1", strings.Repeat("k", 201)} {
		s.submit("/companies", "mick", url.Values{"name": {"A"}, "address": {"B"}, "country": {"C"}, "key": {key}})
	}
	if got := strings.Join(sent, ","); got != "5f2c,," {
		t.Errorf("the API got the keys %q, want 5f2c and nothing", got)
	}
}

func TestEditMeetsAnotherEditor(t *testing.T) {
	var put map[string]string
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && r.Header.Get("If-Match") == currentTag {
			_ = json.NewDecoder(r.Body).Decode(&put)
			r.Body = http.NoBody
		}
		companiesAPI(w, r)
	})
	t.Run("the form", func(t *testing.T) {
		doc := s.document(s.partial("/companies/"+firstID+"/edit", "mick"))
		for selector, want := range map[string]string{
			"[name=name]": "IT_Solutions Ltd", "[name=address]": "583 Wall Dr. Gwynn Oak, MD 21207", "[name=country]": "USA", "[name=tag]": currentTag, "[name=key]": "",
		} {
			if got := doc.Find("#company-form "+selector).AttrOr("value", "-"); got != want {
				t.Errorf("%s has %q, want %q", selector, got, want)
			}
		}
		if doc.Find("datalist option").Length() != 2 {
			t.Error("no countries to choose from")
		}
	})
	form := url.Values{"name": {"My Ltd"}, "address": {"583 Wall Dr. Gwynn Oak, MD 21207"}, "country": {"USA"}, "tag": {staleTag}}
	t.Run("412 shows both versions", func(t *testing.T) {
		got := s.submit("/companies/"+firstID, "mick", form)
		doc := s.document(got)
		if row := text(doc, ".Conflict tr.is-different"); got.StatusCode != 412 || row != "Name My Ltd IT_Solutions Ltd Take theirs : Name" {
			t.Errorf("%d, the row that differs is %q", got.StatusCode, row)
		}
		if doc.Find("#company-form [name=name]").AttrOr("value", "") != "My Ltd" || doc.Find("#company-form [name=tag]").AttrOr("value", "") != currentTag {
			t.Error("the form does not go on with what was typed, against the version of now")
		}
	})
	t.Run("saved", func(t *testing.T) {
		form.Set("tag", currentTag)
		got := s.submit("/companies/"+firstID, "mick", form)
		if got.StatusCode != http.StatusOK || got.Header.Get("HX-Trigger") != "company-saved" || put["name"] != "My Ltd" {
			t.Errorf("%d, the API got %v", got.StatusCode, put)
		}
	})
}

// A49 with the tokens at the server: when the session is over the form comes back as it was sent, for edits as well.
func TestA49TheFormComesBackWhenTheSessionIsOver(t *testing.T) {
	for target, returns := range map[string]string{"/companies": "/companies/new", "/companies/" + firstID: "/companies/" + firstID + "/edit"} {
		h := newHouse(t)
		p := h.replica().person()
		p.signIn("Mick")
		dbtest.Exec(t, h.db, `DELETE FROM "BffRecords"`)
		form := url.Values{"name": {"Lost & Co"}, "address": {"1 Way"}, "country": {"Norway"}, "tag": {currentTag}}
		got := p.do(http.MethodPost, houseSPA+target, form.Encode(), "HX-Request", "true", csrfHeader, "1", "Sec-Fetch-Site", "same-origin",
			"Content-Type", "application/x-www-form-urlencoded")
		doc, err := goquery.NewDocumentFromReader(strings.NewReader(got.body))
		if err != nil {
			t.Fatal(err)
		}
		if got.StatusCode != http.StatusUnauthorized || doc.Find("#company-form [name=name]").AttrOr("value", "") != "Lost & Co" {
			t.Errorf("%s: %d, want 401 and the form as it was", target, got.StatusCode)
		}
		if back := doc.Find("[data-login]").AttrOr("data-login", ""); back != returns {
			t.Errorf("%s: the login comes back to %q, want %q", target, back, returns)
		}
	}
}

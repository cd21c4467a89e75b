package spa

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"

	"silentrenew/views"
)

// chapterFiles are the chapters of the article, in the reader's order by the number in the name: 04-a-token-that-dies.md.
//
//go:embed workshop
var chapterFiles embed.FS

// workshop holds the chapters, rendered once.
type workshop struct {
	chapters []chapter
}

type chapter struct {
	number   int
	slug     string
	title    string
	summary  string
	minutes  int
	rows     []string // acceptance rows the chapter walks through
	controls []string // live panels shown beside the text
	html     string
}

var chapterName = regexp.MustCompile(`^(\d+)-([a-z0-9-]+)\.md$`)

// openWorkshop reads and renders the chapters. They name the addresses of the standard set-up; addresses puts the real ones there.
func openWorkshop(addresses *strings.Replacer) (*workshop, error) {
	names, err := fs.Glob(chapterFiles, "workshop/*.md")
	if err != nil {
		return nil, err
	}
	var w workshop
	for _, name := range names {
		match := chapterName.FindStringSubmatch(path.Base(name))
		if match == nil {
			continue // a note for the authors
		}
		text, err := chapterFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		one, err := readChapter(addresses.Replace(string(text)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path.Base(name), err)
		}
		one.number, _ = strconv.Atoi(match[1]) // digits, says the pattern
		one.slug = match[2]
		w.chapters = append(w.chapters, one)
	}
	slices.SortFunc(w.chapters, func(a, b chapter) int { return a.number - b.number })
	return &w, nil
}

// readChapter reads the front matter, one "key: value" a line between two lines of hyphens, and renders the rest.
func readChapter(text string) (chapter, error) {
	var one chapter
	head, body, found := strings.Cut(strings.TrimPrefix(text, "---\n"), "\n---\n")
	if !found {
		return one, fmt.Errorf("no front matter")
	}
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch strings.TrimSpace(key) {
		case "title":
			one.title = value
		case "summary":
			one.summary = value
		case "minutes":
			one.minutes, _ = strconv.Atoi(value) // 0 is not shown
		case "rows":
			one.rows = list(value)
		case "controls":
			one.controls = list(value)
		default:
			return one, fmt.Errorf("front matter: unknown key %q", key)
		}
	}
	if one.title == "" {
		return one, fmt.Errorf("front matter: no title")
	}
	for _, name := range one.controls {
		if !views.KnownControl(name) {
			return one, fmt.Errorf("front matter: unknown control %q", name)
		}
	}
	markdown := goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	var html bytes.Buffer
	if err := markdown.Convert([]byte(body), &html); err != nil {
		return one, err
	}
	one.html = scrollingTables.Replace(html.String())
	return one, nil
}

// scrollingTables lets a table that is wider than a phone be moved there, by the keyboard too (WCAG 2.1.1).
var scrollingTables = strings.NewReplacer(
	"<table>", `<div class="Scroll" tabindex="0" role="group" aria-label="Table"><table>`,
	"</table>", "</table></div>",
)

func list(value string) []string {
	var items []string
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func (ch chapter) link() views.ChapterLink {
	return views.ChapterLink{Number: ch.number, Title: ch.title, Summary: ch.summary, Minutes: ch.minutes, Path: "/workshop/" + ch.slug}
}

// workshopList serves GET /workshop.
func (s *Server) workshopList(*gin.Context) page {
	var links []views.ChapterLink
	for _, one := range s.workshop.chapters {
		links = append(links, one.link())
	}
	return page{name: "workshop", title: "Workshop", content: views.Workshop(links)}
}

// workshopChapter serves GET /workshop/{slug}: the text, and beside it the controls it speaks of, live.
func (s *Server) workshopChapter(c *gin.Context) page {
	all := s.workshop.chapters
	i := slices.IndexFunc(all, func(one chapter) bool { return one.slug == c.Param("slug") })
	if i < 0 {
		return s.notFound(c)
	}
	model := views.ChapterPage{
		Chapter: all[i].link(), Total: len(all), HTML: all[i].html, Rows: all[i].rows, Controls: all[i].controls, Lab: s.cfg.Lab,
		ProviderLogout: s.cfg.Authority + "/account/logout",
	}
	if i > 0 {
		model.Previous = new(all[i-1].link())
	}
	if i+1 < len(all) {
		model.Next = new(all[i+1].link())
	}
	return page{name: "chapter", title: all[i].title, content: views.Chapter(model)}
}

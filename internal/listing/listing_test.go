package listing

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"silentrenew/db"
	"silentrenew/db/dbtest"
	"silentrenew/internal/country"
)

const header = "Registry,Assignment,Organization Name,Organization Address\n"

func read(t *testing.T, text string) (Listing, []string) {
	t.Helper()
	var bad []string
	l, err := Read(strings.NewReader(text), func(b BadRow) { bad = append(bad, b.String()) })
	if err != nil {
		t.Fatal(err)
	}
	return l, bad
}

func TestTidyText(t *testing.T) {
	for in, want := range map[string]string{
		"Guangdong Global CO.，LTD": "Guangdong Global CO., LTD", "\u00a0 a\u2003b\u3000c\t": "a b c", "Group (HongKong）": "Group (HongKong)",
		"Ｆｕｌｌ": "Full", "zero\u200bwidth\ufeff": "zerowidth", "a ,b,, c,": "a, b, c", "1,000 Main": "1,000 Main", "İ": "İ", "": "",
		"S&amp;T d&#39;Or": "S&T d'Or", "FÃƒÂ¼rth, SkÃ¥ne": "Fürth, Skåne", "ÃƒÅ½le-de-France": "Île-de-France", "Bât Gâtine TELEVISÃO É": "Bât Gâtine TELEVISÃO É",
		"BaoÂ¡Â¯an 8th FloorÂ£Â¬Xi": "Bao'an 8th Floor, Xi", "Chang£§an Block A¬FuLi": "Chang'an Block A, FuLi", "A505、A509": "A505, A509", "L´Alteró": "L'Alteró",
		"Hightech ¥±, 138": "Hightech II, 138", "RD, \u0e3aBang": "RD, Bang",
	} {
		if got := tidy(in); got != want {
			t.Errorf("tidy(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSpellingsThatAreSurelyTheSame(t *testing.T) {
	for _, same := range [][]string{
		{"Cisco Systems, Inc", "CISCO SYSTEMS, INC.", "Cisco Systems Inc.", "Cisco  Systems,Incorporated"},
		{"HUAWEI TECHNOLOGIES CO.,LTD", "Huawei Technologies Co., Ltd.", "Huawei Technologies Company Limited", "HUAWEI TECHNOLOGIES CO.，LTD"},
		{"Prima S.A.", "PRIMA SA"}, {"NSS Sp. z o.o.", "nss sp z o.o."}, {"AT&T", "AT & T", "AT and T"}, {"!!!", "!!!"},
		{"MICRO-STAR INT'L CO., LTD.", "Micro-Star INTL CO., LTD."}, {"LITE-ON Technology Corp.", "Liteon Technology Corporation"}, {"O2 MICRO, INC.", "O2Micro, Inc."},
	} {
		for _, name := range same {
			if got, want := nameKey(tidy(name)), nameKey(tidy(same[0])); got != want {
				t.Errorf("%q has the key %q, %q has %q", name, got, same[0], want)
			}
		}
	}
	different := []string{"Apple", "Apple, Inc.", "Apple Ltd", "Müller GmbH", "Muller GmbH", "Acme (UK)", "Acme", "B A", "A B C", "!!!", "???"}
	seen := map[string]string{}
	for _, name := range different {
		key := nameKey(tidy(name))
		if other, ok := seen[key]; ok {
			t.Errorf("%q and %q share the key %q", name, other, key)
		}
		seen[key] = name
	}
}

func TestTheCountryOfAnAddress(t *testing.T) {
	for in, want := range map[string]string{
		"2181 Buchanan Loop Ferndale WA US 98248 ":                 "US: 2181 Buchanan Loop Ferndale WA 98248",
		"600 March Road Kanata Ontario CA K2K 2E6 ":                "CA: 600 March Road Kanata Ontario K2K 2E6",
		"39000 High St Fremont CA 94538":                           "US: 39000 High St Fremont CA 94538",
		"High Tech Campus 27 Eindhoven NB NL 5656 AE ":             "NL: High Tech Campus 27 Eindhoven NB 5656 AE",
		"Hedge End Southhampton GB SO 30 4DA ":                     "GB: Hedge End Southhampton SO 30 4DA",
		"190 NORTH MAIN STREET  NATICK US MA ":                     "US: 190 NORTH MAIN STREET NATICK MA",
		"4660 La Jolla Village Dr. San Diego US CA 92122":          "US: 4660 La Jolla Village Dr. San Diego CA 92122",
		"1 Rue du Port Casablanca MA 20000":                        "MA: 1 Rue du Port Casablanca 20000",
		"Sheikh Zayed Road Dubai  AE ":                             "AE: Sheikh Zayed Road Dubai",
		"3COM CENTRE UNITED GB KINGDOM ":                           "GB: 3COM CENTRE",
		"6F, No. 125, Sec. 2, Datung Rd. Taiwan Taiwan TW R.O.C. ": "TW: 6F, No. 125, Sec. 2, Datung Rd.",
		"Yugong Bldg. 502   KR Korea ":                             "KR: Yugong Bldg. 502",
		"No.1 Road Shenzhen shenzhen  CN 518116 ":                  "CN: No.1 Road Shenzhen 518116",
		"Unit 01 North Point, Hong Kong Hong Kong  HK 100036 ":     "HK: Unit 01 North Point, Hong Kong 100036",
		"Blk 1 Singapore  SG 408600":                               "SG: Blk 1 Singapore 408600",
		"Wisma Jakarta Utara ID １４３５０ ":                            "ID: Wisma Jakarta Utara 14350",
		"Bulevar Zorana Djindjica 8a Belgrade Serbia YU 11070 ":    "RS: Bulevar Zorana Djindjica 8a Belgrade 11070",
		"3F Sheng Li Rd. Hsinchu Taiwan TW 30078":                  "TW: 3F Sheng Li Rd. Hsinchu 30078",
		"Software Park Fuzhou Fujian, China CN 350003":             "CN: Software Park Fuzhou Fujian 350003",
		"249 BALCATTA ROAD WESTERN AUSTRALIA AU 6021":              "AU: 249 BALCATTA ROAD WESTERN AUSTRALIA 6021",
		"Grand Cayman, Cayman Islands KY 999159":                   "KY: Grand Cayman 999159",
		"1 Bay Road, Grand Cayman, Cayman Islands Tower KY1 KY":    "KY: 1 Bay Road, Grand Cayman, Cayman Islands Tower KY1",
		"262 Des Voeux Road Central Hong Kong  HK NA ":             "HK: 262 Des Voeux Road Central",
		"NEW DELHI IN NA":                                          "IN: NEW DELHI",
		"2 Independence Avenue Windhoek NA 9000":                   "NA: 2 Independence Avenue Windhoek 9000",
		"Kowloon Bay Hong Kong CN 999077":                          "HK: Kowloon Bay Hong Kong 999077",
		"Metropole Square, Guangdong HK":                           "HK: Metropole Square, Guangdong",
		"Nanshan District Shenzhen GuangDong Province US 518057":   "CN: Nanshan District Shenzhen GuangDong Province 518057",
		"HSIN TAI WU RD., TAIPEI HSIEN 221  TJ  ":                  "TW: HSIN TAI WU RD., TAIPEI HSIEN 221",
		"Italska 15 Prague 2 Czech Republic KM 120 00":             "CZ: Italska 15 Prague 2 120 00",
		"300 Galleria Parkway Atlanta Georgia US 30339":            "US: 300 Galleria Parkway Atlanta Georgia 30339",
		"One Way Morganville New Jersey US 07751":                  "US: One Way Morganville New Jersey 07751",
		"95 WELLS AVENUE NEWTON MA  02159 ":                        "US: 95 WELLS AVENUE NEWTON MA 02159",
		"1506 DELL AVE CAMPBELL CA VE 95008-6911 ":                 "US: 1506 DELL AVE CAMPBELL CA 95008-6911",
		"1101 E. ARAPAHO ROAD RICHARDSON TX 75081":                 "US: 1101 E. ARAPAHO ROAD RICHARDSON TX 75081",
		"Charlotte Amalie VI 00802":                                "VI: Charlotte Amalie 00802",
		"Molensteijn 60 De Meern NL NL-3454 PT ":                   "NL: Molensteijn 60 De Meern NL-3454 PT",
		"E16-N12, DK-6430 Nordborg":                                "DK: E16-N12, DK-6430 Nordborg",
		"16-11-101, Tomihisa, Shinjuku Tokyo - 162-0067":           "JP: 16-11-101, Tomihisa, Shinjuku Tokyo - 162-0067",
		"APEC Plaza HONG KONG  CN NIL":                             "HK: APEC Plaza",
		"Lowenstrasse 5 Germany":                                   "DE: Lowenstrasse 5",
		"Road Town tortola  VG VG1110":                             "VG: Road Town tortola VG1110",
		"nowhere at all":                                           ": nowhere at all",
		"US":                                                       "US: ",
		"":                                                         ": ",
	} {
		address, code := splitAddress(in)
		if got := code + ": " + address; got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", in, got, want)
		}
	}
}

func TestOneOrganisationPerNameWithItsCommonestSpellingAndAddress(t *testing.T) {
	l, bad := read(t, header+
		"MA-L,000001,\"ACME, INC\",1 Old Rd Reno NV US 89511 \n"+
		"MA-L,000002,\"Acme, Inc.\",2 New Rd Reno NV US 89511 \n"+
		"MA-L,000003,\"Acme, Inc.\",2 New Rd Reno NV US 89511 \n"+
		"MA-L,000003,\"Acme, Inc.\",2 New Rd Reno NV US 89511 \n"+
		"MA-L,000004,Private, \n")
	if len(bad) > 0 || len(l.Companies) != 1 || l.Private != 1 || l.Rows != 4 {
		t.Fatalf("%+v, bad %v", l, bad)
	}
	c := l.Companies[0]
	if c.Name != "Acme, Inc." || c.FullAddress() != "2 New Rd Reno NV 89511 USA" || c.CountryCode != "US" || c.Blocks != 3 {
		t.Errorf("%+v", c)
	}
}

func TestBadRowsNameTheirLineAndStopNothing(t *testing.T) {
	good := "MA-L,00000%d,Good %d,1 Main St Reno NV US 89511 \n"
	for name, row := range map[string]struct{ text, want string }{
		"too few fields":     {"MA-L,000009,Bad\n", "line 3: has 3 fields, not 4"},
		"too many fields":    {"MA-L,000009,Bad,a,b\n", "line 3: has 5 fields, not 4"},
		"stray quote":        {"MA-L,000009,Bad \"x\",addr US 1\n", "line 3: has a quote out of place"},
		"open quote":         {"MA-L,000009,\"Bad,addr US 1\n", "line 3: has a quote out of place"},
		"other registry":     {"MA-M,000009,Bad,addr US 1\n", `line 3: the Registry is "MA-M", not MA-L`},
		"bad assignment":     {"MA-L,00000G,Bad,addr US 1\n", `line 3: the Assignment "00000G" is not six hexadecimal digits`},
		"no name":            {"MA-L,000009,\u3000,addr US 1\n", "line 3: the Organization Name is empty"},
		"no address":         {"MA-L,000009,Bad, \n", "line 3: the Organization Address names no place"},
		"not UTF-8":          {"MA-L,000009,B\xffd,addr US 1\n", "line 3: the Organization Name is not UTF-8 text"},
		"NUL":                {"MA-L,000009,Bad,ad\x00dr US 1\n", "line 3: the Organization Address is not UTF-8 text"},
		"name too long":      {"MA-L,000009," + strings.Repeat("x", 201) + ",addr US 1\n", "line 3: the Organization Name is longer than 200 characters"},
		"endless line":       {strings.Repeat("x", maxLine*3) + "\n", "line 3: is longer than 65536 bytes"},
		"two lines, no good": {"MA-L,000009,\"Bad\nname\"x,addr US 1\n", "line 3: has a quote out of place"},
	} {
		t.Run(name, func(t *testing.T) {
			l, bad := read(t, "\uFEFF"+header+fmt.Sprintf(good, 1, 1)+row.text+fmt.Sprintf(good, 2, 2))
			if len(bad) == 0 || bad[0] != row.want || l.Bad != len(bad) {
				t.Errorf("bad %.200q, want %q", bad, row.want)
			}
			if len(l.Companies) != 2 {
				t.Errorf("%d good companies, want 2", len(l.Companies))
			}
		})
	}
	l, bad := read(t, strings.ReplaceAll(header, "\n", "\r\n")+"\r\nMA-L,000001,\"Two\nlines\",1 Main St Reno NV US 89511 \r\n\r\nMA-L,x\r\n")
	if len(l.Companies) != 1 || l.Companies[0].Name != "Two lines" || !slices.Equal(bad, []string{"line 6: has 2 fields, not 4"}) {
		t.Errorf("%+v, bad %q", l.Companies, bad)
	}
}

func TestFilesThatAreNoListing(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	fmt.Fprint(w, header+strings.Repeat("MA-L,000001,Good,1 Main St Reno NV US 89511 \n", 1000))
	w.Close()
	for name, text := range map[string]string{
		"empty": "", "text": "root:x:0:0\n", "other columns": "a,b,c,d\n", "binary": "\x7fELF\x00\x00", "cut off": zipped.String()[:zipped.Len()-20],
		"gzip of nothing": "\x1f\x8b", "gzip, then noise": "\x1f\x8bxxxxxxxxxxxxxx",
	} {
		if _, err := Read(strings.NewReader(text), func(BadRow) {}); err == nil {
			t.Errorf("%s was taken for a listing", name)
		}
	}
	if _, err := Read(&zipped, func(BadRow) {}); err != nil {
		t.Errorf("gzip: %v", err)
	}
	if _, err := Import(t.Context(), again(t, dbtest.New(t)), strings.NewReader(header), &Report{Out: new(bytes.Buffer)}); !errors.Is(err, ErrEmpty) {
		t.Errorf("nobody: %v, want %v", err, ErrEmpty)
	}
}

func TestTheEmbeddedListing(t *testing.T) {
	companies, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	ids, unknown, blocks := map[string]bool{}, 0, 0
	for _, c := range companies {
		if ids[c.ID] {
			t.Errorf("%s has an id that came before", c.Name)
		}
		ids[c.ID] = true
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		if tidy(c.Name) != c.Name || tidy(c.Address) != c.Address {
			t.Errorf("%q, %q is not tidy", c.Name, c.Address)
		}
		if name, ok := country.Name(c.CountryCode); !ok {
			unknown++
		} else if name != c.Country {
			t.Errorf("%s: %s is not %s", c.Name, c.CountryCode, c.Country)
		}
		blocks += c.Blocks
	}
	if len(companies) < 18_000 || unknown > 5 || blocks < 32_000 {
		t.Errorf("%d companies, %d without a country, %d blocks", len(companies), unknown, blocks)
	}
	var again bytes.Buffer
	if err := WriteEmbedded(&again, companies); err != nil || !bytes.Equal(again.Bytes(), organisationsCSV) {
		t.Errorf("writing what was read gives another file (%v)", err)
	}
	if len(organisationsCSV) > 1<<20 {
		t.Errorf("the listing takes %d bytes", len(organisationsCSV))
	}
}

func TestAFullBarSaysAllAndNotTheTutorialsTwo(t *testing.T) {
	var bar bytes.Buffer
	one := header + "MA-L,000001,Good,1 Main St Reno NV US 89511 \n"
	if _, err := Import(t.Context(), again(t, dbtest.New(t)), strings.NewReader(one), &Report{Out: &bar, Terminal: true}); err != nil || !strings.Contains(bar.String(), " 1 of 1 ") {
		t.Errorf("%q, %v", bar.String(), err)
	}
}

func TestATerminalHearsHowMuchIsRead(t *testing.T) {
	text := header + "MA-L,00000x,Bad,1 Main St Reno NV US 89511\n" + strings.Repeat("MA-L,000001,Good,1 Main St Reno NV US 89511\n", 1<<16) + "MA-L,00000x,Bad,1 Main St Reno NV US 89511\n"
	var out bytes.Buffer
	if _, err := Import(t.Context(), again(t, dbtest.New(t)), strings.NewReader(text), &Report{Out: &out, Terminal: true}); err != nil {
		t.Fatal(err)
	}
	const left = "left out, line %d: the Assignment \"00000x\" is not six hexadecimal digits\n"
	want := fmt.Sprintf(left, 2) + "\rreading, 1 MB\rreading, 2 MB\r" + fmt.Sprintf(left, 1<<16+3) + "\r[" + strings.Repeat("#", barWidth) + "] 1 of 1 organisations\n"
	if out.String() != want {
		t.Errorf("got  %q\nwant %q", out.String(), want)
	}
}

// An older version made ids of names with their spaces. Whom it has stored keeps the id, the words of an editor, and the
// rest after a deletion; of two spellings that are one organisation now, the living one goes on; and of two organisations that
// an older version may have stored under one id, one has it.
func TestAnImportKnowsWhomAnOlderVersionStored(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		stored := map[string]string{} // key of old → id
		for key, name := range map[string]string{
			"acme tools co ltd": "Acme Tools Co., Ltd", "nss sp zoo": "NSS Sp. z o.o.", "r amp m ag": "R&amp;M AG", "prima sa": "Prima S.A.", "apple": "Apple",
			"lite on corp": "LITE-ON Corp.", "liteon corp": "Liteon Corporation",
			"r amp amp m": "R &amp; &amp; M",
		} {
			stored[key] = companyID(key)
			c := db.Company{ID: companyID(key), Name: name, Address: "Old Rd 1", Country: "USA", CountryCode: "US", Blocks: 1}
			if _, err := d.ImportCompanies(ctx, []db.Company{c}); err != nil {
				t.Fatal(err)
			}
		}
		for _, key := range []string{"prima sa", "lite on corp"} {
			if err := d.DeleteCompany(ctx, stored[key], func(db.Company) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.ChangeCompany(ctx, stored["nss sp zoo"], func(c db.Company) (db.Company, error) { c.Name = "NSS of mine"; return c, nil }); err != nil {
			t.Fatal(err)
		}
		text := header
		for i, name := range []string{"ACME Tools Company Limited", "NSS Sp. z o.o.", "R&M AG", "Prima SA", "Apple", "LITE-ON Corp.", "Liteon Corporation", "New One", "R & & M", "R & amp M"} {
			text += fmt.Sprintf("MA-L,00000%d,\"%s\",Old Rd 1 US\nMA-L,00001%d,\"%s\",Old Rd 1 US\n", i, name, i, name)
		}
		for _, want := range []db.Changes{{Added: 2, Updated: 6}, {Unchanged: 8}} {
			summary, err := Import(ctx, again(t, d), strings.NewReader(text), &Report{Out: new(bytes.Buffer)})
			if err != nil || summary.Changes != want {
				t.Errorf("%v, %v; want %+v", summary, err, want)
			}
		}
		for key, want := range map[string]string{
			"acme tools co ltd": "ACME Tools Company Limited, 2", "nss sp zoo": "NSS of mine, 2", "r amp m ag": "R&M AG, 2", "apple": "Apple, 2", "liteon corp": "Liteon Corporation, 4",
		} {
			if c, err := d.Company(ctx, stored[key]); err != nil || fmt.Sprintf("%s, %d", c.Name, c.Blocks) != want {
				t.Errorf("%s: %s, %d, %v; want %s", key, c.Name, c.Blocks, err, want)
			}
		}
		if page, err := d.Companies(ctx, db.CompanyQuery{}); err != nil || len(page.Companies) != len(stored)-2+2+2 { // two new ones and the tutorial's two
			t.Errorf("%d companies, %v", len(page.Companies), err)
		}
	})
}

// What is killed half-way is started again: what was stored stays, the rest follows, nothing comes twice.
func TestAnImportThatWasKilledGoesOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var text strings.Builder
		text.WriteString(header)
		for i := range 2500 {
			fmt.Fprintf(&text, "MA-L,%06X,Company %d,1 Main St Reno NV US 89511 \n", i, i)
		}
		ctx, kill := context.WithCancel(t.Context())
		report := &Report{Out: killer{kill}, Terminal: true}
		if _, err := Import(ctx, again(t, d), strings.NewReader(text.String()), report); !errors.Is(err, context.Canceled) {
			t.Fatalf("killed: %v", err)
		}
		summary, err := Import(t.Context(), again(t, d), strings.NewReader(text.String()), &Report{Out: new(bytes.Buffer)})
		if err != nil || summary.Unchanged != 1000 || summary.Added != 1500 {
			t.Errorf("again: %v, %v", summary, err)
		}
		summary, err = Import(t.Context(), again(t, d), strings.NewReader(text.String()), &Report{Out: new(bytes.Buffer)})
		if err != nil || summary.Changes != (db.Changes{Unchanged: 2500}) {
			t.Errorf("a third time: %v, %v", summary, err)
		}
	})
}

// A long import leaves the table as searches like it: one country after the other, whatever the order of the listing, and with indexes in order.
func TestALongImportIsStoredInTheOrderOfCountries(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var text strings.Builder
		text.WriteString(header)
		for i := range 2500 {
			fmt.Fprintf(&text, "MA-L,%06X,Company %d,1 Main St %s\n", i, i, []string{"Reno NV US 89511", "Oslo NO 0150", "Wien AT 1010"}[i%3])
		}
		if _, err := Import(t.Context(), again(t, d), strings.NewReader(text.String()), &Report{Out: new(bytes.Buffer)}); err != nil {
			t.Fatal(err)
		}
		place, tidy := `"Number"`, `SELECT count(DISTINCT segid) = 1 FROM "CompanySearch_idx"`
		if strings.HasPrefix(d.Location(), "postgres") {
			place, tidy = "ctid", `SELECT reltuples = 2502 FROM pg_class WHERE relname = 'Companies'`
		}
		shell := dbtest.Shell(t, d)
		rows, err := shell.QueryContext(t.Context(), `SELECT "CountryCode" FROM "Companies" WHERE "Name" LIKE 'Company %' ORDER BY `+place)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var codes []string
		for rows.Next() {
			var code string
			if err := rows.Scan(&code); err != nil {
				t.Fatal(err)
			}
			codes = append(codes, code)
		}
		if len(codes) != 2500 || !slices.IsSorted(codes) {
			t.Errorf("%d rows, in the order of countries: %t", len(codes), slices.IsSorted(codes))
		}
		var done bool
		if err := shell.QueryRowContext(t.Context(), tidy).Scan(&done); err != nil || !done {
			t.Errorf("the indexes are in order: %t, %v", done, err)
		}
	})
}

// Whoever interrupts the reading does not wait for a long listing's end, and nothing is stored of its beginning.
func TestAnImportIsInterruptedWhileItReads(t *testing.T) {
	d := dbtest.New(t)
	ctx, interrupt := context.WithCancel(t.Context())
	one := "MA-L,000001,Good,1 Main St Reno NV US 89511\n"
	long := io.MultiReader(strings.NewReader(header), io.LimitReader(&endless{one}, 64<<20))
	if _, err := Import(ctx, again(t, d), long, &Report{Out: killer{interrupt}, Terminal: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
	if page, err := d.Companies(t.Context(), db.CompanyQuery{}); err != nil || len(page.Companies) > 0 {
		t.Errorf("%d companies, %v", len(page.Companies), err)
	}
}

// endless is a line that comes again and again.
type endless struct{ line string }

func (r *endless) Read(p []byte) (int, error) {
	n := copy(p, r.line)
	r.line = r.line[n:] + r.line[:n]
	return n, nil
}

// killer ends the import when it first shows progress.
type killer struct{ kill func() }

func (k killer) Write(p []byte) (int, error) {
	k.kill()
	return len(p), nil
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(header + "MA-L,000001,\"Acme, Inc.\",2 New Rd Reno NV US 89511 \n"))
	f.Add([]byte(header + "MA-L,000001,\"open\nMA-L,000002,x,y US 1\n"))
	f.Add([]byte(header + "MA-L,000001,A\u202e\ufffd,2 New Rd\u2063 Reno NV US 89511 \n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := Read(bytes.NewReader(text), func(BadRow) {})
		if err != nil {
			return
		}
		for _, c := range l.Companies {
			if err := c.Validate(); err != nil || c.Blocks < 1 {
				t.Errorf("%+v: %v", c, err)
			}
		}
	})
}

// again opens a database once more, for an import that closes it.
func again(t *testing.T, d *db.DB) func() (*db.DB, error) {
	return func() (*db.DB, error) { return dbtest.Again(t, d), nil }
}

func TestAWrongFileLeavesNoDatabaseBehind(t *testing.T) {
	for name, text := range map[string]string{"no listing": "a,b\n1,2\n", "nobody": header} {
		open := func() (*db.DB, error) {
			t.Errorf("%s: the database was opened", name)
			return nil, errors.New("opened")
		}
		if _, err := Import(t.Context(), open, strings.NewReader(text), &Report{Out: new(bytes.Buffer)}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

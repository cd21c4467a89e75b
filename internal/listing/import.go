package listing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"silentrenew/db"
)

// Summary is what an import did.
type Summary struct {
	Listing
	db.Changes
	Took time.Duration
}

// batch is how many companies are stored at once: what is stored stays, whatever happens to the rest.
const batch = 1000

// ErrEmpty says that a listing holds nobody.
var ErrEmpty = errors.New("the listing names no organisation")

// Import reads a listing and stores its companies. The database is opened in between, only for a listing that could be read: a wrong
// file must not leave an empty database behind.
func Import(ctx context.Context, open func() (*db.DB, error), in io.Reader, report *Report) (summary Summary, err error) {
	began := time.Now()
	defer report.end()
	read, err := collect(ctx, in, report)
	if err != nil {
		return Summary{}, err
	}
	store, err := open()
	if err != nil {
		return Summary{}, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	summary, err = storeListing(ctx, store, read, report)
	summary.Took = time.Since(began)
	return summary, err
}

// collect reads a listing to its end before anything is stored: half a listing would count half the blocks. The report hears of
// bad rows and of progress. A listing that names nobody is [ErrEmpty].
func collect(ctx context.Context, in io.Reader, report *Report) (Listing, error) {
	read, err := Read(io.TeeReader(untilDone{ctx, in}, report), report.bad)
	if err == nil && len(read.Companies) == 0 {
		err = ErrEmpty
	}
	return read, err
}

// storeListing puts the companies of a listing into the database, in the order that searches like. The report hears of progress.
func storeListing(ctx context.Context, store *db.DB, read Listing, report *Report) (Summary, error) {
	slices.SortStableFunc(read.Companies, db.AsWritten)
	summary := Summary{Listing: read}
	ids := idKeeper{store, read.former, map[string]bool{}}
	for companies := range slices.Chunk(read.Companies, batch) {
		var changes db.Changes
		err := ids.keep(ctx, companies)
		if err == nil {
			changes, err = store.ImportCompanies(ctx, companies)
		}
		if err != nil {
			return summary, fmt.Errorf("%w; what was stored stays, start the import again to go on", err)
		}
		summary.Add(changes)
		report.stored(summary.Added+summary.Updated+summary.Unchanged, len(read.Companies))
	}
	if summary.Added+summary.Updated == 0 {
		return summary, nil
	}
	return summary, store.TidyCompanies(ctx)
}

// untilDone is a reader that a person can interrupt.
type untilDone struct {
	ctx context.Context
	in  io.Reader
}

func (r untilDone) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.in.Read(p)
}

// idKeeper lets companies that an older version of this program has stored keep their ids: an id never changes, whatever
// makes those of new companies.
type idKeeper struct {
	store  *db.DB
	former map[string][]string
	taken  map[string]bool // former ids that are in use again
}

// keep gives companies their ids back. Where several companies of old are one by now, the first that nobody has deleted is.
func (k idKeeper) keep(ctx context.Context, companies []db.Company) error {
	var ids []string
	for _, c := range companies {
		ids = append(append(ids, c.ID), k.former[c.ID]...)
	}
	living, deleted, err := k.store.CompaniesThere(ctx, ids)
	if err != nil {
		return err
	}
	for i, c := range companies {
		known := append([]string{c.ID}, k.former[c.ID]...)
		for _, there := range []map[string]bool{living, deleted} {
			if at := slices.IndexFunc(known, func(id string) bool { return there[id] && !k.taken[id] }); at >= 0 {
				companies[i].ID = known[at]
				k.taken[known[at]] = at > 0
				break
			}
		}
	}
	return nil
}

// String is the last thing an import says.
func (s Summary) String() string {
	return fmt.Sprintf("%d rows read, %d private, %d left out: %d organisations, %d added, %d updated, %d as before, in %v",
		s.Rows+s.Private+s.Bad, s.Private, s.Bad, len(s.Companies), s.Added, s.Updated, s.Unchanged, s.Took.Round(time.Millisecond))
}

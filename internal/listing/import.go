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

// Import reads a listing to its end and only then stores its companies: half a listing would count half the blocks. The
// report hears of bad rows and of progress.
func Import(ctx context.Context, store *db.DB, in io.Reader, report *Report) (Summary, error) {
	began := time.Now()
	read, err := Read(in, report.bad)
	if err != nil {
		return Summary{}, err
	}
	summary := Summary{Listing: read}
	if len(read.Companies) == 0 {
		return summary, ErrEmpty
	}
	defer report.end()
	for companies := range slices.Chunk(read.Companies, batch) {
		changes, err := store.ImportCompanies(ctx, companies)
		if err != nil {
			return summary, fmt.Errorf("%w; what was stored stays, start the import again to go on", err)
		}
		summary.Add(changes)
		report.stored(summary.Added+summary.Updated+summary.Unchanged, len(read.Companies))
	}
	summary.Took = time.Since(began)
	return summary, nil
}

// String is the last thing an import says.
func (s Summary) String() string {
	return fmt.Sprintf("%d rows read, %d private, %d left out: %d organisations, %d added, %d updated, %d as before, in %v",
		s.Rows+s.Private+s.Bad, s.Private, s.Bad, len(s.Companies), s.Added, s.Updated, s.Unchanged, s.Took.Round(time.Millisecond))
}

package db

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"sync"
)

// The statements of a renewal bypass gorm, whose reflection costs several times what SQLite takes to find a row: they
// are prepared once, and their columns are scanned where they are needed. Everything else goes through gorm.

// statements are prepared statements by their text.
type statements struct {
	pool     *sql.DB
	numbered bool      // PostgreSQL: $1 instead of ?
	prepared *sync.Map // text → *sql.Stmt
	tx       *sql.Tx   // nil outside a transaction
}

// together runs fn as one transaction, and keeps nothing of it when fn returns an error. It has to be told the texts that fn
// will run, because inside the transaction there may be no other connection left to prepare them on.
func (s *statements) together(ctx context.Context, texts []string, fn func(in *statements) error) error {
	for _, text := range texts {
		if _, err := s.get(ctx, text); err != nil {
			return err
		}
	}
	if !s.numbered {
		return s.onOneConnection(ctx, fn)
	}
	tx, err := s.pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(&statements{s.pool, s.numbered, s.prepared, tx}); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// onOneConnection is together for SQLite's writer, whose pool has one connection, which the caller has to himself. So the
// transaction is begun and ended by statements like any other. A sql.Tx would start a goroutine for each.
func (s *statements) onOneConnection(ctx context.Context, fn func(in *statements) error) (err error) {
	if _, err := s.run(ctx, `BEGIN IMMEDIATE`); err != nil {
		return err
	}
	ended := false
	defer func() {
		if !ended { // fn failed or panicked, or there is no room for what it wrote
			_, _ = s.run(ctx, `ROLLBACK`) // which SQLite may have done already
		}
	}()
	if err := fn(s); err != nil {
		return err
	}
	_, err = s.run(ctx, `COMMIT`)
	ended = err == nil
	return err
}

func (s *statements) get(ctx context.Context, text string) (*sql.Stmt, error) {
	if found, ok := s.prepared.Load(text); ok {
		return found.(*sql.Stmt), nil
	}
	statement, err := s.pool.PrepareContext(ctx, s.bound(text))
	if err != nil {
		return nil, err
	}
	if found, loaded := s.prepared.LoadOrStore(text, statement); loaded { // somebody was faster
		_ = statement.Close()
		return found.(*sql.Stmt), nil
	}
	return statement, nil
}

// bound writes the placeholders as the database wants them. No text of ours has a question mark that means another thing.
func (s *statements) bound(text string) string {
	if !s.numbered {
		return text
	}
	var b strings.Builder
	for i, part := range strings.Split(text, "?") {
		if i > 0 {
			b.WriteString("$" + strconv.Itoa(i))
		}
		b.WriteString(part)
	}
	return b.String()
}

// one runs a query for at most one row and scans it. It returns [sql.ErrNoRows] when there is none.
func (s *statements) one(ctx context.Context, text string, args []any, into ...any) error {
	statement, err := s.get(ctx, text)
	if err != nil {
		return err
	}
	if s.tx != nil {
		statement = s.tx.StmtContext(ctx, statement)
	}
	return statement.QueryRowContext(ctx, args...).Scan(into...)
}

// run executes a statement and returns how many rows it changed.
func (s *statements) run(ctx context.Context, text string, args ...any) (int64, error) {
	statement, err := s.get(ctx, text)
	if err != nil {
		return 0, err
	}
	if s.tx != nil {
		statement = s.tx.StmtContext(ctx, statement)
	}
	result, err := statement.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// row asks for at most one row, see one.
func (d *DB) row(ctx context.Context, text string, args []any, into ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return d.reading.one(d.brief(ctx), text, args, into...)
}

// brief returns the context for a statement that finds its row by a key. On SQLite nothing can hold it up but another
// program's lock, for busyTimeout, and a context that may end costs a goroutine per statement.
func (d *DB) brief(ctx context.Context) context.Context {
	if d.postgres() {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// orNull stores an empty text as NULL.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

//go:build unix

package bench

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// floor is the unavoidable work: what a renewal costs when there is nothing around it.
type floor struct {
	ec             *ecdsa.PrivateKey
	rsa            *rsa.PrivateKey
	insert, update *sql.Stmt
	stored         chan string // handles that nobody has taken
	profileTo      *os.File
}

var (
	bareLocation = "http://localhost:4200/signin-callback?" + strings.Repeat("c", locationLength-38)
	bareTokens   = []byte(`"` + strings.Repeat("t", tokensLength-2) + `"`)
	bareClaims   = []byte(`"` + strings.Repeat("u", claimsLength-2) + `"`)
)

// signedBytes is the length of a token's header and claims.
const signedBytes = 600

func openFloor(ctx context.Context, folder, database string) (*floor, error) {
	f := &floor{stored: make(chan string, 1000)}
	var err error
	if f.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	if f.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	pool, mark, err := openPool(folder, database)
	if err != nil {
		return nil, err
	}
	first, second := "?", "?"
	if mark == "$" {
		first, second = "$1", "$2"
	}
	pool.SetMaxIdleConns(32)
	if mark == "?" {
		pool.SetMaxOpenConns(1) // SQLite has one writer at a time
	}
	_, err = pool.ExecContext(ctx, `CREATE TABLE floor (handle text PRIMARY KEY, data text NOT NULL, consumed text)`)
	if err != nil {
		return nil, err
	}
	if f.insert, err = pool.PrepareContext(ctx, `INSERT INTO floor (handle, data) VALUES (`+first+`, `+second+`)`); err != nil {
		return nil, err
	}
	f.update, err = pool.PrepareContext(ctx, `UPDATE floor SET consumed = `+first+` WHERE handle = `+second+` AND consumed IS NULL RETURNING data`)
	return f, err
}

// sign makes the access token's signature, always ES256, and that of the ID token: ES256, RS256, or none with "".
func (f *floor) sign(idToken string, times int) error {
	token := make([]byte, signedBytes)
	for range times {
		sum := sha256.Sum256(token)
		if _, err := ecdsa.SignASN1(rand.Reader, f.ec, sum[:]); err != nil {
			return err
		}
		sum = sha256.Sum256(token)
		switch idToken {
		case "ES256":
			if _, err := ecdsa.SignASN1(rand.Reader, f.ec, sum[:]); err != nil {
				return err
			}
		case "RS256":
			if _, err := rsa.SignPKCS1v15(rand.Reader, f.rsa, crypto.SHA256, sum[:]); err != nil {
				return err
			}
		}
	}
	return nil
}

// grantData is as long as what we keep with a code.
var grantData = strings.Repeat("d", 550)

// write stores a grant and takes it, exactly once.
func (f *floor) write(ctx context.Context, times int) error {
	for range times {
		if err := errors.Join(f.store(ctx), f.take(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// store adds a handle to those that take takes.
func (f *floor) store(ctx context.Context) error {
	handle := rand.Text()
	_, err := f.insert.ExecContext(context.WithoutCancel(ctx), handle, grantData) // as the provider's, see db.brief
	f.stored <- handle
	return err
}

func (f *floor) take(ctx context.Context) error {
	var data string
	now := time.Now().UTC().Format(time.RFC3339Nano)
	return f.update.QueryRowContext(context.WithoutCancel(ctx), now, <-f.stored).Scan(&data)
}

// workload is what a token request costs beyond its round trip.
type workload struct {
	signs, writes, stores bool // stores: there was no authorization request that did
	idToken               string
}

// carry does a token request's share of the work.
func (f *floor) carry(ctx context.Context, load workload) error {
	var err error
	if load.stores {
		err = f.store(ctx)
	}
	if load.writes {
		err = errors.Join(err, f.take(ctx))
	}
	if load.signs {
		err = errors.Join(err, f.sign(load.idToken, 1))
	}
	return err
}

// laden returns the beginning of a path that tells the bare handler what to do; unladen reads it.
func (load workload) laden() string {
	return fmt.Sprintf("/work/%t,%t,%t,%s", load.signs, load.writes, load.stores, load.idToken)
}

func unladen(path string) (load workload, rest string) {
	told, found := strings.CutPrefix(path, "/work/")
	if !found {
		return load, path
	}
	told, rest, _ = strings.Cut(told, "/")
	words := strings.Split(told, ",")
	return workload{words[0] == "true", words[1] == "true", words[2] == "true", words[3]}, "/" + rest
}

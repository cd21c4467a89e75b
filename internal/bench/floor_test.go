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
	"os"
	"strings"
	"time"
)

// floor is the unavoidable work: what a renewal costs when there is nothing around it.
type floor struct {
	ec             *ecdsa.PrivateKey
	rsa            *rsa.PrivateKey
	insert, update *sql.Stmt
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
	f := &floor{}
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
	pool.SetMaxIdleConns(1)
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
		handle := rand.Text()
		if _, err := f.insert.ExecContext(ctx, handle, grantData); err != nil {
			return err
		}
		var data string
		if err := f.update.QueryRowContext(ctx, time.Now().UTC().Format(time.RFC3339Nano), handle).Scan(&data); err != nil {
			return err
		}
	}
	return nil
}

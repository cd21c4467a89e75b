package db

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Session is one sign-in at the provider: the thing a cookie stands for (OIDC Core §1.2, "OP session").
type Session struct {
	Key         string // a hash of the cookie's value; the value itself is never stored
	Subject     string
	SessionID   string // the sid claim
	DisplayName string
	Created     time.Time
	Renewed     time.Time // when the cookie was last issued
	Expires     time.Time
	AuthTime    time.Time     // when the user last proved who they are (OIDC Core §2, auth_time)
	Lifetime    time.Duration // what each renewal adds
	Persistent  bool          // "remember my login"
	AMR         []string      // how they proved it (RFC 8176)
	ClientIDs   []string      // who joined, in order
	Ended       bool          // by an administrator: its clients have not been told yet
}

type sessionRow struct {
	Key         string `gorm:"primaryKey"`
	Scheme      string
	SubjectID   string
	SessionID   string
	DisplayName string `gorm:"default:null"`
	Created     time.Time
	Renewed     time.Time
	Expires     time.Time
	Data        string
}

func (sessionRow) TableName() string { return "ServerSideSessions" }

// sessionData is what the columns have no room for.
type sessionData struct {
	AuthTime   time.Time `json:"auth_time"`
	Lifetime   int64     `json:"lifetime"` // seconds
	Persistent bool      `json:"persistent"`
	AMR        []string  `json:"amr"`
	ClientIDs  []string  `json:"client_ids"`
	Ended      bool      `json:"ended,omitempty"`
}

func (s Session) row() (sessionRow, error) {
	data, err := json.Marshal(sessionData{moment(s.AuthTime), int64(s.Lifetime / time.Second), s.Persistent, s.AMR, s.ClientIDs, s.Ended})
	return sessionRow{Key: s.Key, Scheme: "idsrv", SubjectID: s.Subject, SessionID: s.SessionID, DisplayName: s.DisplayName,
		Created: moment(s.Created), Renewed: moment(s.Renewed), Expires: moment(s.Expires), Data: string(data)}, err
}

func (row sessionRow) session() (Session, error) {
	var data sessionData
	if err := json.Unmarshal([]byte(row.Data), &data); err != nil {
		return Session{}, fmt.Errorf("session data: %w", err)
	}
	clip(&data.AMR, &data.ClientIDs)
	return Session{
		Key: row.Key, Subject: row.SubjectID, SessionID: row.SessionID, DisplayName: row.DisplayName,
		Created: moment(row.Created), Renewed: moment(row.Renewed), Expires: moment(row.Expires), AuthTime: moment(data.AuthTime),
		Lifetime: time.Duration(data.Lifetime) * time.Second, Persistent: data.Persistent, AMR: data.AMR, ClientIDs: data.ClientIDs, Ended: data.Ended,
	}, nil
}

// InsertSession stores a new session.
func (d *DB) InsertSession(ctx context.Context, s Session) error {
	row, err := s.row()
	if err == nil {
		err = d.write(ctx, func(tx *gorm.DB) error { return tx.Create(&row).Error })
	}
	if err != nil {
		return fmt.Errorf("db: insert session: %w", err)
	}
	return nil
}

// Session finds a live session, as it is now; its lists are shared and must not be changed. It returns [ErrNotFound] for one that is unknown or expired at now.
func (d *DB) Session(ctx context.Context, key string, now time.Time) (Session, error) {
	return d.liveSession(ctx, `"Key" = ?`, key, now)
}

// SessionBySID finds a live session by its sid claim. It returns [ErrNotFound] for one that is unknown or expired at now.
func (d *DB) SessionBySID(ctx context.Context, sid string, now time.Time) (Session, error) {
	return d.liveSession(ctx, `"SessionId" = ?`, sid, now)
}

const selectSession = `
	SELECT "Key", "SubjectId", "SessionId", COALESCE("DisplayName", ''), "Created", "Renewed", "Expires", "Data" FROM "ServerSideSessions"
	WHERE `

func (d *DB) liveSession(ctx context.Context, condition, value string, now time.Time) (Session, error) {
	if !storable(value) {
		return Session{}, ErrNotFound
	}
	known, err := d.remembers(ctx)
	if err != nil {
		return Session{}, err
	}
	session, err := keep(&known.sessions.remembered, known.sessions.live, condition+value, func() (Session, error) {
		var row sessionRow
		err := d.row(ctx, selectSession+condition, []any{value},
			&row.Key, &row.SubjectID, &row.SessionID, &row.DisplayName, &row.Created, &row.Renewed, &row.Expires, &row.Data)
		if err != nil {
			return Session{}, notFound(err)
		}
		return row.session()
	})
	if err == nil && !session.Expires.After(moment(now)) {
		return Session{}, ErrNotFound
	}
	return session, err
}

// RenewSession slides a live session to a new expiry and reports whether it was still alive.
func (d *DB) RenewSession(ctx context.Context, key string, now, expires time.Time) (bool, error) {
	var renewed bool
	err := d.write(ctx, func(tx *gorm.DB) error {
		result := tx.Model(&sessionRow{}).Where(`"Key" = ? AND "Expires" > ?`, key, moment(now)).
			Updates(map[string]any{"Renewed": moment(now), "Expires": moment(expires)})
		renewed = result.RowsAffected == 1
		return result.Error
	})
	if err != nil {
		return false, fmt.Errorf("db: renew session: %w", err)
	}
	return renewed, nil
}

// SessionJoined notes that the client signed the user in with this session, so that sign-out can tell it.
// It returns [ErrNotFound] for an unknown session. Who has the session at hand need not ask for a client it lists.
func (d *DB) SessionJoined(ctx context.Context, key, clientID string) error {
	err := d.transaction(ctx, func(tx *gorm.DB) error {
		var row sessionRow
		lock := clause.Locking{Strength: clause.LockingStrengthUpdate} // on SQLite the transaction is the lock
		if err := tx.Clauses(lock).Where(`"Key" = ?`, key).Take(&row).Error; err != nil {
			return notFound(err)
		}
		s, err := row.session()
		if err != nil || slices.Contains(s.ClientIDs, clientID) {
			return err
		}
		s.ClientIDs = append(s.ClientIDs, clientID)
		joined, err := s.row()
		if err != nil {
			return err
		}
		return tx.Model(&sessionRow{}).Where(`"Key" = ?`, key).Update("Data", joined.Data).Error
	})
	if err != nil {
		return fmt.Errorf("db: join session: %w", err)
	}
	return nil
}

// DeleteSession ends a session. Ending one that is not there is no error.
func (d *DB) DeleteSession(ctx context.Context, key string) error {
	err := d.write(ctx, func(tx *gorm.DB) error {
		return tx.Where(`"Key" = ?`, key).Delete(&sessionRow{}).Error
	})
	if err != nil {
		return fmt.Errorf("db: delete session: %w", err)
	}
	return nil
}

// Sessions lists all stored sessions, newest first, expired ones included until [DB.TakeExpiredSessions] has been.
func (d *DB) Sessions(ctx context.Context) ([]Session, error) {
	var rows []sessionRow
	if err := d.read(ctx).Order(`"Created" DESC, "Key"`).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("db: list sessions: %w", err)
	}
	return sessionsOf(rows)
}

func sessionsOf(rows []sessionRow) ([]Session, error) {
	sessions := make([]Session, 0, len(rows))
	for _, row := range rows {
		s, err := row.session()
		if err != nil {
			return nil, fmt.Errorf("db: list sessions: %w", err)
		}
		sessions = append(sessions, s)
	}
	return sessions, nil
}

// EndSession ends a live session at now for a provider that runs elsewhere: it counts no more, and whoever takes it by
// TakeExpiredSessions does what a logout does. It returns [ErrNotFound] for one that is not alive.
func (d *DB) EndSession(ctx context.Context, key string, now time.Time) error {
	err := d.transaction(ctx, func(tx *gorm.DB) error {
		var row sessionRow
		lock := clause.Locking{Strength: clause.LockingStrengthUpdate} // on SQLite the transaction is the lock
		if err := tx.Clauses(lock).Where(`"Key" = ? AND "Expires" > ?`, key, moment(now)).Take(&row).Error; err != nil {
			return notFound(err)
		}
		return endSession(tx, row, now)
	})
	if err != nil {
		return fmt.Errorf("db: end session: %w", err)
	}
	return nil
}

func endSession(tx *gorm.DB, row sessionRow, now time.Time) error {
	s, err := row.session()
	if err != nil {
		return err
	}
	s.Ended, s.Expires = true, now
	ended, err := s.row()
	if err != nil {
		return err
	}
	return tx.Model(&sessionRow{}).Where(`"Key" = ?`, row.Key).Updates(map[string]any{"Expires": ended.Expires, "Data": ended.Data}).Error
}

// TakeExpiredSessions removes at most batch sessions that expired before now and returns them. One statement decides: of
// several processes each session is given to one, which tells the clients that joined it.
func (d *DB) TakeExpiredSessions(ctx context.Context, now time.Time, batch int) ([]Session, error) {
	var rows []sessionRow
	err := d.write(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`DELETE FROM "ServerSideSessions" WHERE "Key" IN
			(SELECT "Key" FROM "ServerSideSessions" WHERE "Expires" <= ? LIMIT ?) RETURNING *`, moment(now), batch).Scan(&rows).Error
	})
	if err != nil {
		return nil, fmt.Errorf("db: take expired sessions: %w", err)
	}
	return sessionsOf(rows)
}

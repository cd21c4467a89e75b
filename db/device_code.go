package db

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// DeviceCode is a device's request for a user's permission (RFC 8628 §3.2). It waits for the user under its user code and
// for the device under its device code; the table has hashes of both.
type DeviceCode struct {
	ClientID         string
	Scopes           []string // as asked for, then as allowed
	Resources        []string // asked for by URI (RFC 8707 §2)
	CorrelationID    string
	Created, Expires time.Time
	Interval         time.Duration // the device waits as long between two questions
	Polled           time.Time     // when it asked last; zero before it did

	Answer             DeviceAnswer
	Subject, SessionID string // who allowed it, as the next two
	AuthTime           time.Time
	AMR                []string

	FamilyID string // see [FamilyOf]
}

// DeviceAnswer is what the user said.
type DeviceAnswer string

// Nobody has answered yet, or the user has.
const (
	DevicePending DeviceAnswer = ""
	DeviceAllowed DeviceAnswer = "allowed"
	DeviceDenied  DeviceAnswer = "denied"
)

// pollTolerance is how much too early a question may come that was sent in time.
const pollTolerance = time.Second

// slowDown is what each question that comes too early adds to the interval (RFC 8628 §3.5).
const slowDown = 5 * time.Second

// TooSoon reports whether the device asks again before its interval is over.
func (c DeviceCode) TooSoon(now time.Time) bool {
	return !c.Polled.IsZero() && now.Before(c.Polled.Add(c.Interval-pollTolerance))
}

// ErrUserCodeTaken says that another device has this user code at the moment.
var ErrUserCodeTaken = errors.New("db: user code is taken")

type deviceCodeRow struct {
	UserCode     string `gorm:"primaryKey"` // hash
	DeviceCode   string // hash
	SubjectID    string `gorm:"default:null"`
	SessionID    string `gorm:"default:null"`
	ClientID     string
	CreationTime time.Time
	Expiration   time.Time
	Data         string
}

func (deviceCodeRow) TableName() string { return "DeviceCodes" }

// deviceCodeData is what the columns have no room for.
type deviceCodeData struct {
	Scopes        []string     `json:"scopes"`
	Resources     []string     `json:"resources,omitempty"`
	CorrelationID string       `json:"correlation_id,omitempty"`
	Interval      int64        `json:"interval"` // seconds
	Polled        time.Time    `json:"polled,omitzero"`
	Answer        DeviceAnswer `json:"answer,omitempty"`
	AuthTime      time.Time    `json:"auth_time,omitzero"`
	AMR           []string     `json:"amr,omitempty"`
}

// set writes what may change: the answer and the device's questions.
func (row *deviceCodeRow) set(c DeviceCode) error {
	data, err := json.Marshal(deviceCodeData{c.Scopes, c.Resources, c.CorrelationID, int64(c.Interval / time.Second), moment(c.Polled), c.Answer,
		moment(c.AuthTime), c.AMR})
	row.SubjectID, row.SessionID, row.Data = c.Subject, c.SessionID, string(data)
	return err
}

func (row deviceCodeRow) deviceCode() (DeviceCode, error) {
	var data deviceCodeData
	if err := json.Unmarshal([]byte(row.Data), &data); err != nil {
		return DeviceCode{}, fmt.Errorf("device code data: %w", err)
	}
	return DeviceCode{
		ClientID: row.ClientID, Scopes: data.Scopes, Resources: data.Resources, CorrelationID: data.CorrelationID, Created: moment(row.CreationTime),
		Expires: moment(row.Expiration), Interval: time.Duration(data.Interval) * time.Second, Polled: data.Polled, Answer: data.Answer,
		Subject: row.SubjectID, SessionID: row.SessionID, AuthTime: data.AuthTime, AMR: data.AMR, FamilyID: row.DeviceCode,
	}, nil
}

// InsertDeviceCode stores a request under the hashes of both codes. It returns [ErrUserCodeTaken] when the user code has to
// be another one.
func (d *DB) InsertDeviceCode(ctx context.Context, deviceCode, userCode string, c DeviceCode) error {
	row := deviceCodeRow{UserCode: hashHandle(userCode), DeviceCode: hashHandle(deviceCode), ClientID: c.ClientID,
		CreationTime: moment(c.Created), Expiration: moment(c.Expires)}
	err := row.set(c)
	if err == nil {
		err = d.write(ctx, func(tx *gorm.DB) error {
			result := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
			if result.Error == nil && result.RowsAffected == 0 {
				return ErrUserCodeTaken
			}
			return result.Error
		})
	}
	if err != nil {
		return fmt.Errorf("db: insert device code: %w", err)
	}
	return nil
}

// DeviceCode finds a device's request by its user code, whether it waits for the user's answer or has it. It returns [ErrNotFound]
// for a user code that is unknown, expired or redeemed.
func (d *DB) DeviceCode(ctx context.Context, userCode string, now time.Time) (DeviceCode, error) {
	var row deviceCodeRow
	if err := d.read(ctx).Where(`"UserCode" = ? AND "Expiration" > ?`, hashHandle(userCode), moment(now)).Take(&row).Error; err != nil {
		return DeviceCode{}, notFound(err)
	}
	return row.deviceCode()
}

// AnswerDeviceCode stores what the user said: Answer, Scopes, Subject, SessionID, AuthTime and AMR. The first answer counts;
// it returns [ErrNotFound] for a second one, and for a user code that is unknown or expired.
func (d *DB) AnswerDeviceCode(ctx context.Context, userCode string, answer DeviceCode, now time.Time) error {
	err := d.changeDeviceCode(ctx, `"UserCode" = ?`, userCode, func(tx *gorm.DB, row *deviceCodeRow, c DeviceCode) error {
		if c.Answer != DevicePending || !now.Before(c.Expires) {
			return ErrNotFound
		}
		c.Answer, c.Scopes, c.Subject, c.SessionID, c.AuthTime, c.AMR = answer.Answer, answer.Scopes, answer.Subject, answer.SessionID,
			answer.AuthTime, answer.AMR
		return row.save(tx, c)
	})
	if err != nil {
		return fmt.Errorf("db: answer device code: %w", err)
	}
	return nil
}

// PollDeviceCode notes that the client asks at now and returns the request as it was before. One that the user has allowed
// is returned in time exactly once; asking too soon makes the interval longer. It returns [ErrNotFound] for a device code
// that is unknown, another client's, or redeemed.
func (d *DB) PollDeviceCode(ctx context.Context, deviceCode, clientID string, now time.Time) (DeviceCode, error) {
	var before DeviceCode
	err := d.changeDeviceCode(ctx, `"DeviceCode" = ?`, deviceCode, func(tx *gorm.DB, row *deviceCodeRow, c DeviceCode) error {
		before = c
		switch {
		case c.ClientID != clientID:
			return ErrNotFound
		case !now.Before(c.Expires) || c.Answer == DeviceDenied:
			return nil
		case c.TooSoon(now):
			c.Interval += slowDown
		case c.Answer == DeviceAllowed:
			return tx.Delete(row).Error
		}
		c.Polled = now
		return row.save(tx, c)
	})
	if err != nil {
		return DeviceCode{}, fmt.Errorf("db: poll device code: %w", err)
	}
	return before, nil
}

// changeDeviceCode runs change on one row that nobody else can change meanwhile.
func (d *DB) changeDeviceCode(ctx context.Context, condition, code string, change func(*gorm.DB, *deviceCodeRow, DeviceCode) error) error {
	return d.transaction(ctx, func(tx *gorm.DB) error {
		var row deviceCodeRow
		lock := clause.Locking{Strength: clause.LockingStrengthUpdate} // on SQLite the transaction is the lock
		if err := tx.Clauses(lock).Where(condition, hashHandle(code)).Take(&row).Error; err != nil {
			return notFound(err)
		}
		c, err := row.deviceCode()
		if err != nil {
			return err
		}
		return change(tx, &row, c)
	})
}

func (row *deviceCodeRow) save(tx *gorm.DB, c DeviceCode) error {
	if err := row.set(c); err != nil {
		return err
	}
	return tx.Model(row).Select("SubjectID", "SessionID", "Data").Updates(row).Error
}

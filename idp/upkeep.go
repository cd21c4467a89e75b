package idp

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"silentrenew/db"
	"silentrenew/internal/event"
	"silentrenew/internal/keyring"
)

// How often the provider looks for work that no request brings, at least and at most.
const (
	sessionsCheck = time.Minute
	keysCheck     = time.Hour // another process, or an option, may have changed what is due
)

// expiredBatch is how many expired sessions are taken at once.
const expiredBatch = 100

// Run does what no request asks for, until ctx ends, and then returns nil: it makes and retires signing keys (I20), and
// removes sessions whose time is up and tells their clients. A database that is away is logged and tried again. Several
// processes on one database may each run it.
func (p *Provider) Run(ctx context.Context, log *slog.Logger) error {
	tick := time.NewTicker(sessionsCheck)
	defer tick.Stop()
	var keysDue time.Time
	var seen string // the key set for which that was worked out: a command may have made the next key since
	for {
		if now := time.Now(); !now.Before(keysDue) || p.keys.version() != seen {
			next, err := p.keepKeys(ctx)
			if err != nil && ctx.Err() == nil {
				log.Warn("could not look after the signing keys", "error", err)
				next = now.Add(sessionsCheck)
			}
			keysDue, seen = now.Add(min(max(next.Sub(now), time.Second), keysCheck)), p.keys.version()
		}
		if err := p.endExpiredSessions(ctx); err != nil && ctx.Err() == nil {
			log.Warn("could not end expired sessions", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Close waits for back-channel calls under way. Each has its own time limit, so it takes five seconds at most. It is for the time
// after the last request.
func (p *Provider) Close() { p.calls.Wait() }

func (p *Provider) keepKeys(ctx context.Context) (next time.Time, err error) {
	policy, err := p.keyPolicy(ctx)
	if err != nil {
		return next, err
	}
	return p.keys.keep(ctx, policy)
}

// keyPolicy is what the options KeyManagement.… say now.
func (p *Provider) keyPolicy(ctx context.Context) (policy keyring.Policy, err error) {
	for _, setting := range []struct {
		option option
		value  *time.Duration
	}{
		{keyRotationOption, &policy.Rotation},
		{keyPropagationOption, &policy.Propagation},
		{keyRetentionOption, &policy.Retention},
	} {
		value, err := p.option(ctx, setting.option)
		if err != nil {
			return policy, err
		}
		if *setting.value, err = time.ParseDuration(value); err != nil {
			return policy, err
		}
	}
	return policy, nil
}

// endExpiredSessions removes the sessions whose time is up. With them end the tokens of the clients that coordinate their
// lifetime with the session, and these clients are told (I14); all clients when an administrator ended it. What is taken out of the
// database is seen through, also while the program ends: nobody else will find it there. The next batch waits until the calls of
// this one are over, so that a morning after a long pause does not make thousands at once.
func (p *Provider) endExpiredSessions(ctx context.Context) error {
	for {
		sessions, err := p.db.TakeExpiredSessions(ctx, time.Now(), expiredBatch)
		if err != nil {
			return err
		}
		var calls sync.WaitGroup
		through, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
		for _, session := range sessions {
			err = errors.Join(err, p.endExpiredSession(through, session, &calls))
		}
		calls.Wait()
		cancel()
		if err != nil || len(sessions) < expiredBatch {
			return err
		}
	}
}

func (p *Provider) endExpiredSession(ctx context.Context, session db.Session, calls *sync.WaitGroup) error {
	failed := p.endRefreshTokens(ctx, session)
	p.bus.Emit(event.Event{Kind: "session.expired", Role: event.RoleIDP, Subject: session.Subject, SessionID: session.SessionID,
		Outcome: event.OutcomeOK, Parameters: map[string]string{"expired": session.Expires.UTC().Format(time.RFC3339)}})
	told := p.joinedClients(ctx, session)
	if !session.Ended { // by itself: only the clients that tie their lifetime to it want to know
		var err error
		if told, err = p.boundClients(ctx, session); err != nil {
			return errors.Join(failed, err)
		}
	}
	p.tell(ctx, calls, told, session, "")
	return failed
}

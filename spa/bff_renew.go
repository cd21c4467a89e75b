package spa

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/oauth2"

	"silentrenew/internal/event"
)

const (
	renewTimeout = 8 * time.Second  // one renewal, from the lease to the new record
	renewLease   = 12 * time.Second // longer than that: who still holds one then has died
	renewPause   = 5 * time.Second  // after a failure that may pass
	leasePoll    = 50 * time.Millisecond
)

// fresh returns the session with an access token that is worth sending. It renews when the token's end is near; a renewal that
// fails for now leaves the old token in use until its end.
func (b *bff) fresh(ctx context.Context, handle string) (bffSession, error) {
	session, err := b.session(ctx, handle)
	if err != nil {
		return session, err
	}
	if session.due() {
		renewed, err := b.renew(ctx, session)
		if err == nil {
			return renewed, nil
		}
		if errors.Is(err, errSessionOver) || !session.alive() {
			return session, err
		}
	}
	switch {
	case session.alive():
		return session, nil
	case session.RefreshToken == "":
		return session, errSessionOver
	}
	return session, fmt.Errorf("%w: %s", errProviderAway, session.Trouble)
}

// renew exchanges the refresh token, once for all who ask at the same time: the requests of this process share a flight, and
// among several processes the one that gets the lease on the record does it while the others wait for what it stores. The caller says
// by the version of its session what it wants to be newer than. A caller who goes away ends it for nobody.
func (b *bff) renew(ctx context.Context, seen bffSession) (bffSession, error) {
	detached := context.WithoutCancel(ctx)
	flight := b.renewals.DoChan(recordKey(recordSession, seen.handle), func() (any, error) {
		ctx, cancel := context.WithTimeout(detached, renewLease+renewTimeout)
		defer cancel()
		return b.renewOrWait(ctx, seen)
	})
	select {
	case result := <-flight:
		session, _ := result.Val.(bffSession)
		return session, result.Err
	case <-ctx.Done():
		return seen, ctx.Err()
	}
}

func (b *bff) renewOrWait(ctx context.Context, seen bffSession) (bffSession, error) {
	tick := time.NewTicker(leasePoll)
	defer tick.Stop()
	for {
		session, lease, err := b.leasedSession(ctx, seen.handle)
		switch {
		case err != nil:
			return session, err
		case session.version > seen.version && session.Trouble != "":
			return session, fmt.Errorf("%w: %s", errProviderAway, session.Trouble)
		case session.version > seen.version:
			return session, nil // somebody has done it
		case session.RefreshToken == "":
			return session, errSessionOver
		}
		now := time.Now()
		if !now.Before(lease) {
			leased, err := b.records.LeaseBFFRecord(ctx, recordKey(recordSession, seen.handle), session.version, now, now.Add(renewLease))
			if err != nil {
				return session, err
			}
			if leased {
				return b.renewNow(ctx, session)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return session, fmt.Errorf("%w: another process is renewing", errProviderAway)
		}
	}
}

// renewNow is one renewal by who holds the lease. The new tokens are stored before anybody uses them. When the process dies in between,
// the next one presents the old refresh token again, and the provider's grace gives it the same successor (I8).
func (b *bff) renewNow(ctx context.Context, session bffSession) (bffSession, error) {
	ctx, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	if correlationOf(ctx) == "" {
		ctx = withCorrelation(ctx, event.NewCorrelationID())
	}
	started := time.Now()
	next, err := b.refresh(ctx, session)
	if err == nil {
		next.Took = time.Since(started)
		next, err = b.keep(ctx, session, next)
	} else {
		err = b.settle(ctx, session, err)
	}
	b.emit(event.Event{Kind: "bff.renewed", CorrelationID: correlationOf(ctx), Subject: session.Subject, SessionID: session.SessionID,
		Duration: time.Since(started), Parameters: map[string]string{"renewals": strconv.Itoa(next.Renewals)}}, err)
	return next, err
}

// refresh asks the provider for new tokens (RFC 6749 §6) and looks at them (OIDC Core §12.2): same user, same sign-in.
func (b *bff) refresh(ctx context.Context, session bffSession) (bffSession, error) {
	provider, _, err := b.provider.discover(ctx)
	if err != nil {
		return session, err
	}
	ctx = b.provider.context(ctx)
	tokens, err := b.oauth2(provider).TokenSource(ctx, &oauth2.Token{RefreshToken: session.RefreshToken}).Token()
	if err != nil {
		return session, tokenError(err)
	}
	next := session
	if err := next.take(tokens); err != nil {
		return session, err
	}
	if tokens.Extra("id_token") != nil {
		claims, err := b.verifyIDToken(ctx, tokens)
		switch {
		case err != nil:
			return session, err
		case claims.subject != session.Subject:
			return session, fmt.Errorf("%w: the new ID token is about another user", errBadAnswer)
		case claims.authTime != 0 && session.AuthTime != 0 && claims.authTime != session.AuthTime:
			return session, fmt.Errorf("%w: the new ID token is about another login", errBadAnswer)
		}
	}
	next.Renewals, next.Trouble, next.RetryAt = session.Renewals+1, "", time.Time{}
	return next, nil
}

// keep stores the renewed session. When a logout has removed it meanwhile the logout has won (R18), and the new tokens are
// given back.
func (b *bff) keep(ctx context.Context, session, next bffSession) (bffSession, error) {
	kept, err := b.replace(ctx, session, &next)
	if err != nil || kept {
		return next, err
	}
	if current, err := b.session(ctx, session.handle); err == nil {
		return current, nil // we took so long that another process has done it again
	}
	b.revoke(ctx, next)
	return session, errSessionOver
}

func (b *bff) replace(ctx context.Context, session bffSession, next *bffSession) (bool, error) {
	data, err := sealRecord(recordSession, session.handle, *next)
	if err != nil {
		return false, err
	}
	kept, err := b.records.ReplaceBFFRecord(ctx, recordKey(recordSession, session.handle), session.version, data, next.recordExpires())
	next.version = session.version + 1
	return kept, err
}

// settle deals with a renewal that failed: for good when the provider says invalid_grant, else the session notes why, and
// nobody tries again for a moment.
func (b *bff) settle(ctx context.Context, session bffSession, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewTimeout) // the time of the renewal may be used up
	defer cancel()
	if isInvalidGrant(cause) {
		deleted, err := b.records.DeleteBFFRecord(ctx, recordKey(recordSession, session.handle), session.version)
		if err == nil && !deleted {
			if _, err := b.session(ctx, session.handle); err == nil {
				return nil // another process had the answer that was lost to us
			}
		}
		return errors.Join(errSessionOver, cause, err)
	}
	next := session
	next.Trouble, next.RetryAt = reasonOf(cause), time.Now().Add(renewPause)
	if _, err := b.replace(ctx, session, &next); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

// bffRenew serves POST /bff/renew: renew now, although it may not be time yet.
func (s *Server) bffRenew(c *gin.Context) {
	ctx := withCorrelation(c.Request.Context(), event.CorrelationID(c.Request))
	session, err := s.bff.session(ctx, s.bff.sessionHandle(c.Request))
	if err == nil {
		session, err = s.bff.renew(ctx, session)
	}
	switch {
	case err == nil:
		c.JSON(http.StatusOK, session.status())
	case errors.Is(err, errSessionOver):
		s.bff.forgetSessionCookie(c)
		sessionOver(c)
	default:
		s.bffUnavailable(c, err)
	}
}

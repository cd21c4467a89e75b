package idp

import (
	"context"
	"errors"
	"time"

	"silentrenew/db"
)

// redeemDeviceCode answers the device code grant (RFC 8628 §3.4, §3.5): the device asks again and again until its user has
// answered on another one.
func (p *Provider) redeemDeviceCode(ctx context.Context, request tokenRequest) (tokenResponse, error) {
	presented := request.Form.Get("device_code")
	if presented == "" {
		return tokenResponse{}, refuse(InvalidRequest, "device_code is missing")
	}
	code, err := p.allowedDeviceCode(ctx, request, presented)
	if err != nil {
		return tokenResponse{}, err
	}
	user, active, err := p.activeUser(ctx, code.Subject)
	if err == nil && !active {
		err = refuse(InvalidGrant, "the user cannot sign in any more")
	}
	if err == nil {
		err = p.sessionHolds(ctx, request.Client, code.SessionID)
	}
	if err != nil {
		return tokenResponse{}, err
	}
	granted, now, err := p.grantedEarlier(ctx, request, code.Scopes, code.Resources)
	if err != nil {
		return tokenResponse{}, err
	}
	in := accessTokenInput{
		JTI: newJTI(code.FamilyID), JKT: request.JKT, Granted: granted, User: user, Claims: user.Claims,
		SessionID: code.SessionID, AuthTime: code.AuthTime, AMR: code.AMR,
	}
	refreshToken, err := p.startFamily(ctx, request.Client, in, code.FamilyID, "")
	if err != nil {
		return tokenResponse{}, err
	}
	in.Granted = now
	response, err := p.issueTokens(ctx, request.Client, in, "")
	response.RefreshToken = refreshToken
	return response, err
}

// allowedDeviceCode takes the code once its user has allowed it, and says until then what the device is to do.
func (p *Provider) allowedDeviceCode(ctx context.Context, request tokenRequest, presented string) (db.DeviceCode, error) {
	if len(presented) > maxCodeLength {
		return db.DeviceCode{}, refuse(InvalidGrant, "device_code is unknown")
	}
	now := time.Now()
	code, err := p.db.PollDeviceCode(ctx, presented, request.Client.ClientID, now)
	switch {
	case errors.Is(err, db.ErrNotFound):
		return code, refuse(InvalidGrant, "device_code is unknown or was redeemed before")
	case err != nil:
		return code, err
	}
	e := request.Event
	e.Subject, e.SessionID, e.CorrelationID = code.Subject, code.SessionID, code.CorrelationID
	switch {
	case !now.Before(code.Expires):
		return code, refuse(ExpiredToken, "device_code has expired: begin again")
	case code.Answer == db.DeviceDenied:
		return code, refuse(AccessDenied, "the user did not allow it")
	case code.TooSoon(now):
		return code, refuse(SlowDown, "ask less often: the interval is 5 seconds longer from now on")
	case code.Answer == db.DevicePending:
		return code, refuse(AuthorizationPending, "the user has not answered yet")
	}
	return code, nil
}

package idp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"silentrenew/db"
	"silentrenew/internal/keyring"
)

// option is a setting that can be changed while the provider runs. Its value is a row of ServerOptions; without one the
// default counts.
type option struct {
	name     string
	standard string
	check    func(value string) error
}

// The options of this provider, under IdentityServer's names where it has them.
var (
	cookieLifetimeOption = option{"Authentication.CookieLifetime", "10h0m0s", checkLifetime}
	cookieSlidingOption  = option{"Authentication.CookieSlidingExpiration", "false", checkSwitch}

	// promptNoneSlidesOption says whether a silent renewal counts as activity that slides the cookie.
	promptNoneSlidesOption = option{"Authentication.PromptNoneSlides", "true", checkSwitch}

	// strictUserinfoOption keeps userinfo to the claims the granted scope values stand for (OIDC Core §5.4).
	strictUserinfoOption = option{"Userinfo.StrictScopes", "false", checkSwitch}

	// tokensEndWithSessionOption ties refresh tokens and reference tokens to the session they were given in: its end is theirs (I11). Without it
	// they go on, which is what offline_access asks for.
	tokensEndWithSessionOption = option{"Authentication.CoordinateClientLifetimesWithUserSession", "false", checkSwitch}

	// ssoLifetimeOnRefreshOption makes UserSsoLifetime count for refresh tokens too (I5).
	ssoLifetimeOnRefreshOption = option{"RefreshTokens.EnforceUserSsoLifetime", "false", checkSwitch}

	// clientSecretLifetimeOption is how long the secret of a registered client lives; an update then gives a new one.
	clientSecretLifetimeOption = option{"Registration.ClientSecretLifetime", "8760h0m0s", checkLifetime}

	// dpopNonceOption makes every proof of possession repeat a nonce of ours (RFC 9449 §8).
	dpopNonceOption = option{"DPoP.RequireNonce", "false", checkSwitch}

	// How signing keys follow one another, see package keyring; under Duende's names and with its defaults.
	keyRotationOption    = option{"KeyManagement.RotationInterval", keyring.DefaultPolicy.Rotation.String(), checkDays}
	keyPropagationOption = option{"KeyManagement.PropagationTime", keyring.DefaultPolicy.Propagation.String(), checkLifetime}
	keyRetentionOption   = option{"KeyManagement.RetentionDuration", keyring.DefaultPolicy.Retention.String(), checkLifetime}

	options = []option{cookieLifetimeOption, cookieSlidingOption, promptNoneSlidesOption, strictUserinfoOption,
		tokensEndWithSessionOption, ssoLifetimeOnRefreshOption, dpopNonceOption, keyRotationOption, keyPropagationOption, keyRetentionOption,
		clientSecretLifetimeOption}
)

// optionNamed returns the option of that name.
func optionNamed(name string) (option, bool) {
	i := slices.IndexFunc(options, func(o option) bool { return o.name == name })
	if i < 0 {
		return option{}, false
	}
	return options[i], true
}

// cookieLifetime is how long a sign-in lasts that is not remembered (A42).
func (p *Provider) cookieLifetime(ctx context.Context) (time.Duration, error) {
	value, err := p.option(ctx, cookieLifetimeOption)
	if err != nil {
		return 0, err
	}
	return time.ParseDuration(value)
}

// cookieSliding reports whether use prolongs a sign-in (A45).
func (p *Provider) cookieSliding(ctx context.Context) (bool, error) {
	return p.enabled(ctx, cookieSlidingOption)
}

// promptNoneSlides reports whether prompt=none counts as use (I4).
func (p *Provider) promptNoneSlides(ctx context.Context) (bool, error) {
	return p.enabled(ctx, promptNoneSlidesOption)
}

// strictUserinfo reports whether userinfo keeps to the granted scope: where the user allows it on a page, it is all they allow (OIDC
// Core §3.1.2.4).
func (p *Provider) strictUserinfo(ctx context.Context, clientID string) (bool, error) {
	client, err := p.db.Client(ctx, clientID)
	switch {
	case errors.Is(err, db.ErrNotFound) || err == nil && client.RequireConsent:
		return true, nil
	case err != nil:
		return false, err
	}
	return p.enabled(ctx, strictUserinfoOption)
}

// tokensEndWithSession reports whether refresh tokens end with the session they were given in.
func (p *Provider) tokensEndWithSession(ctx context.Context) (bool, error) {
	return p.enabled(ctx, tokensEndWithSessionOption)
}

// ssoLifetimeOnRefresh reports whether UserSsoLifetime counts for refresh tokens.
func (p *Provider) ssoLifetimeOnRefresh(ctx context.Context) (bool, error) {
	return p.enabled(ctx, ssoLifetimeOnRefreshOption)
}

// clientSecretLifetime is how long the secret of a registered client lives.
func (p *Provider) clientSecretLifetime(ctx context.Context) (time.Duration, error) {
	value, err := p.option(ctx, clientSecretLifetimeOption)
	if err != nil {
		return 0, err
	}
	return time.ParseDuration(value)
}

// dpopNonces reports whether a proof must repeat a nonce of ours.
func (p *Provider) dpopNonces(ctx context.Context) (bool, error) {
	return p.enabled(ctx, dpopNonceOption)
}

// option returns the value that counts now. A row that somebody edited into something unusable counts as absent.
func (p *Provider) option(ctx context.Context, o option) (string, error) {
	value, set, err := p.db.Option(ctx, o.name)
	if err != nil {
		return "", fmt.Errorf("read option %s: %w", o.name, err)
	}
	if !set || o.check(value) != nil {
		return o.standard, nil
	}
	return value, nil
}

func (p *Provider) enabled(ctx context.Context, o option) (bool, error) {
	value, err := p.option(ctx, o)
	if err != nil {
		return false, err
	}
	return strconv.ParseBool(value)
}

// checkLifetime accepts a Go duration of whole seconds, from one second to ten years.
func checkLifetime(value string) error {
	d, err := time.ParseDuration(value)
	if err != nil || d < time.Second || d > maxTokenLifetime || d%time.Second != 0 {
		return fmt.Errorf("%q must be a duration of whole seconds such as \"4m\" or \"240s\", from 1s to 87600h (10 years)", value)
	}
	return nil
}

// checkDays accepts what checkLifetime does, from an hour on.
func checkDays(value string) error {
	if d, err := time.ParseDuration(value); err == nil && d < time.Hour {
		return fmt.Errorf("%q must be at least one hour", value)
	}
	return checkLifetime(value)
}

func checkSwitch(value string) error {
	if value != "true" && value != "false" {
		return fmt.Errorf("%q must be \"true\" or \"false\"", value)
	}
	return nil
}

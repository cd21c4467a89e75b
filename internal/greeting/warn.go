package greeting

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"

	"silentrenew/db"
	"silentrenew/internal/config"
)

// Warn logs what is set up in a way that will not work, or that strangers could use. openToOthers says that other
// machines can reach an address we listen on.
func (g Greeting) Warn(ctx context.Context, log *slog.Logger, openToOthers bool) {
	if openToOthers && g.Config.Lab(g.URLs) {
		log.Warn("lab mode is on and this program listens beyond this machine: whoever reaches it can change lifetimes; " +
			"unless that is a container's inside, use --lab off or listen on localhost")
	}
	if g.Config.Serves(config.SPA) && g.Config.BFFSecret == config.DemoBFFSecret && !config.IsLoopback(g.URLs.SPA) {
		log.Warn("bff-client has the secret everybody knows and the front end is public: give it another in ClientSecrets and in " + config.BFFSecretVariable)
	}
	if g.Config.Serves(config.IDP) && !g.Config.Lab(g.URLs) && len(g.Config.EncryptionKeys) == 0 {
		log.Warn("private signing keys lie in clear in the database: set " + config.EncryptionKeyVariable + " to 32 random bytes in base64 to encrypt them")
	}
	if g.Config.Serves(config.IDP) {
		g.warnRegistration(ctx, log)
	}
}

// warnRegistration notices a database that was seeded while the front end had another URL, or not at all: nobody could log in.
func (g Greeting) warnRegistration(ctx context.Context, log *slog.Logger) {
	client, err := g.Store.Client(ctx, "spa-client")
	if errors.Is(err, db.ErrNotFound) && g.Config.Serves(config.SPA) {
		log.Warn("logging in at the front end will fail: there is no client spa-client; serve the provider alone (--roles idp), or declare it " +
			"with the redirect URIs " + g.URLs.SPA + "/signin-callback and " + g.URLs.SPA + "/assets/silent-callback.html")
	}
	if err != nil {
		return // who has removed the row has clients of their own
	}
	if slices.Contains(client.RedirectURIs, g.URLs.SPA+"/signin-callback") {
		return
	}
	log.Warn("logging in will fail: the row spa-client registers no redirect URI at "+g.URLs.SPA+"; "+
		"start with --spa-url or --spa-addr as registered, or add the new addresses to ClientRedirectUris, "+
		"ClientPostLogoutRedirectUris and ClientCorsOrigins, or begin a new database with --db",
		"registered", strings.Join(client.RedirectURIs, " "))
}

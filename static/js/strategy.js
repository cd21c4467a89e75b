/**
 * What the page needs of a renewal strategy, whichever it is. auth.js owns the one that is in charge; nobody else talks to it.
 *
 * A strategy is a module with `create(name, host, handedOver)`. It keeps the session alive in its own way and tells the
 * host what happens; it never touches the page.
 * @module strategy
 */

/**
 * Who is signed in. A User of oidc-client-ts is one; a session whose tokens are on the server has no access_token.
 * @typedef {object} Session
 * @property {Record<string, any>} profile claims of the user: sub, name, role, sid, auth_time
 * @property {number} [expires_at] when the access token expires, seconds since the epoch by this machine's clock
 * @property {boolean} [expired] whether that time has come
 * @property {string} [access_token] undefined where the browser does not hold it
 * @property {string} [id_token]
 * @property {string} [refresh_token]
 * @property {string} [token_type] "Bearer" or "DPoP"
 * @property {number} [lifetime] seconds from receipt to expiry; what the access token says of itself when undefined
 */

/**
 * Something about the renewal that the user should know, until it is over.
 * @typedef {{kind: "renewing"}
 *   | {kind: "retrying", code: string, reason: string, attempt: number, at: number}
 *   | {kind: "offline"}
 *   | {kind: "idle"}
 *   | {kind: "ended", code: string, reason: string}
 *   | {kind: "cookiesBlocked", certain: boolean}
 *   | {kind: "userChanged", sub: string, name: string}
 *   | {kind: "signInAgain", reason: string}} Condition at is seconds since the epoch
 */

/**
 * What a strategy tells auth.js.
 * @typedef {object} Host
 * @property {(renewed: boolean) => void} changed the session is another one, or none; renewed when the same user got a new token
 * @property {() => void} signedOut the sign-out has reached the callback page: said again for those who wait for it
 * @property {() => void} expired the access token has expired; the strategy may still get another
 * @property {(action: "login" | "logout" | "renew", error: unknown) => void} failed something did not work, and the user should know
 * @property {(condition: Condition | null) => void} condition replaces the condition before
 * @property {(user: import("oidc-client-ts").User) => Promise<void>} late a renewal of a strategy that was stopped meanwhile brought this
 * @property {(offset: number | null) => void} clock this machine's clock is so many seconds behind the server's; null when it is right
 */

/**
 * @typedef {object} Strategy
 * @property {() => Promise<void>} start finds out who is signed in, tells host.changed once, and begins to renew
 * @property {(next: boolean) => Promise<import("oidc-client-ts").User | null>} stop leaves no timer, frame or listener behind.
 *   next says whether the strategy that follows keeps tokens in the browser: the user is then returned, to be handed over.
 *   Otherwise what is kept here is forgotten, refresh token revoked.
 * @property {() => Session | null} session who is signed in, also with an expired token
 * @property {() => boolean} isLoggedIn whether the page should look signed in
 * @property {() => number} lead seconds before the expiry at which the renewal is due
 * @property {() => boolean} automatic whether the token is renewed without being asked
 * @property {(returnTo?: string, loginHint?: string) => Promise<void>} login leaves for the provider
 * @property {() => Promise<string>} finishLogin on /signin-callback; returns the path to go on to
 * @property {() => Promise<void>} logout forgets the session here and leaves for the provider
 * @property {() => Promise<void>} finishLogout on /signout-callback
 * @property {() => Promise<Session | null>} renew renews now; rejects with the reason when it cannot
 * @property {() => Promise<void>} expire treats the token as expired from now on
 * @property {(user: import("oidc-client-ts").User) => Promise<void>} [adopt] takes over what host.late brought
 * @property {(accept: boolean) => Promise<void>} [resolveUser] answers the condition userChanged: go on as the other user, or not
 * @property {(url: string, init: RequestInit) => Promise<Response>} send fetch with what proves the session to the API and to our
 *   own pages: a bearer token that is fresh, a DPoP proof, a cookie with its CSRF header. The caller has checked the address.
 * @property {() => import("oidc-client-ts").UserManagerSettingsStore} settings what the library runs with, for the settings panel
 */

/**
 * Loads the module of a strategy. What it returns creates the strategy, for a host and for the user that the strategy before has
 * handed over, when both keep tokens in the browser.
 * @param {string} name
 * @returns {Promise<(host: Host, handedOver: import("oidc-client-ts").User | null) => Strategy>}
 */
export const loadStrategy = async (name) => {
  const { create } = await (name === "bff" ? import("./strategy-bff.js")
    : name === "iframe" || name === "refresh" ? import("./strategy-renew.js") : import("./strategy-article.js"));
  return (host, handedOver) => create(name, host, handedOver);
};

/** Whether the tokens are in the browser under this strategy. @param {string} name */
export const tokensInBrowser = (name) => name !== "bff";

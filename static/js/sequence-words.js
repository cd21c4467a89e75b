/**
 * What each kind of event means, in a few words, and who says it to whom. Every kind that the program emits has its words
 * here; a test of the house holds the two together.
 * @module sequence-words
 */

/** @type {Record<string, string>} */
export const words = {
  // Between a client and the provider.
  discovery: "reads what the provider can do, and where",
  jwks: "fetches the keys that tokens are verified with",
  authorize: "asks for a code",
  par: "leaves an authorization request ahead of time",
  registration: "introduces itself as a client",
  "registration.read": "reads how it is registered",
  "registration.update": "changes how it is registered",
  "registration.delete": "withdraws from the provider",
  token: "asks for tokens",
  userinfo: "asks who the user is",
  introspect: "asks what a token is worth",
  revocation: "takes a token back",
  deviceauthorization: "a device asks for a code that its user can type",
  endsession: "asks to end the session",
  checksession: "loads the page that watches the session cookie",
  "client_keys.fetched": "asks a client's server for the keys it publishes",
  backchannel_logout: "tells a client's server that the session has ended",

  // Between the user and the provider's pages.
  "login.form": "shows the login page",
  login: "sends username and password",
  "login.cancelled": "the user does not want to log in",
  "consent.form": "asks the user what the client may have",
  consent: "the user answers",
  "logout.form": "asks whether to log out",
  "device.form": "asks for the code that a device shows",
  device: "the user answers a device",
  home: "shows the provider's first page",
  notfound: "a page that is not here",
  forbidden: "a form that another site has posted",

  // The provider by itself.
  "session.started": "a session begins: the cookie is set",
  "session.renewed": "the session slides: the cookie is set anew",
  "session.ended": "the session ends: the cookie is worth nothing now",
  "session.expired": "the session's time is up",
  "token.reuse": "a refresh token was used twice: one of two hands stole it",
  "signing_key.created": "a new key is published, to sign with later",
  "signing_key.retired": "an old key is gone: nothing it signed is alive",
  "signing_key.unreadable": "a key cannot be read",
  "client.changed": "a client's row is changed",
  "option.changed": "a setting is changed",

  // The front end and the API.
  fragment: "asks the front end for rows",
  "api.request": "asks the API",

  // The front end's server, where it keeps the tokens.
  "bff.signin": "the front end's server has signed the user in",
  "bff.signout": "the front end's server forgets the session",
  "bff.renewed": "the front end's server has new tokens",
  "bff.revoked": "the front end's server gives its tokens back",
  "bff.backchannel_logout": "hears from the provider that the session has ended",

  // What the page sees.
  "user.loaded": "the page has tokens",
  "user.unloaded": "the page has forgotten its tokens",
  "user.signed_out": "the page hears that the session has ended",
  "user.changed": "somebody else is signed in at the provider",
  "clock.skewed": "this computer's clock and the provider's differ",
  "login.changed": "the menu changes between signed in and signed out",
  "session.changed": "the session cookie has changed",
  "access_token.expiring": "the access token is about to expire",
  "access_token.expired": "the access token has expired",
  "silent_renew.started": "the page renews in a hidden frame",
  "silent_renew.error": "the silent renewal has failed",
  "renew.loop_warning": "the page renews again and again",
  "settings.changed": "the page's settings are changed",
  "callback.signin": "the answer to a login is back",
  "callback.signout": "the answer to a logout is back",
  "frame.error": "the hidden frame shows an error instead of an answer",
};

/** What a token request presents, by grant_type. @type {Record<string, string>} */
const grants = {
  authorization_code: "exchanges a code for tokens",
  refresh_token: "exchanges a refresh token for new tokens",
  client_credentials: "asks for a token of its own, no user takes part",
  "urn:ietf:params:oauth:grant-type:device_code": "a device asks whether its user has answered",
  "urn:ietf:params:oauth:grant-type:token-exchange": "exchanges a user's token for one to act with",
};

/** The step in words. @param {{kind: string, parameters?: Record<string, string>}} event */
export const inWords = ({ kind, parameters }) => (kind === "token" && grants[parameters?.grant_type ?? ""]) || words[kind] || "";

/** From whom to whom; a kind that is not here stays where it happened. @type {Record<string, [string, string]>} */
export const routes = {
  discovery: ["page", "idp"],
  jwks: ["api", "idp"],
  authorize: ["page", "idp"],
  "login.form": ["page", "idp"],
  login: ["page", "idp"],
  "login.cancelled": ["page", "idp"],
  "consent.form": ["page", "idp"],
  consent: ["page", "idp"],
  "device.form": ["page", "idp"],
  device: ["page", "idp"],
  home: ["page", "idp"],
  notfound: ["page", "idp"],
  forbidden: ["page", "idp"],
  token: ["page", "idp"],
  par: ["page", "idp"],
  userinfo: ["page", "idp"],
  revocation: ["page", "idp"],
  introspect: ["spa", "idp"],
  registration: ["spa", "idp"],
  "registration.read": ["spa", "idp"],
  "registration.update": ["spa", "idp"],
  "registration.delete": ["spa", "idp"],
  deviceauthorization: ["spa", "idp"],
  "client_keys.fetched": ["idp", "spa"],
  backchannel_logout: ["idp", "spa"],
  endsession: ["page", "idp"],
  "logout.form": ["page", "idp"],
  checksession: ["page", "idp"],
  "client.changed": ["page", "idp"],
  "option.changed": ["page", "idp"],
  fragment: ["page", "spa"],
  "api.request": ["spa", "api"],
};

/** What a client's server does as well as a page: another client than this page's is taken for a server. */
const ofClients = ["token", "par", "userinfo", "revocation"];

/**
 * The lanes a step goes between.
 * @param {{kind: string, role: string, client_id?: string}} event
 * @param {string} pageClient the client_id of this page
 * @returns {[string, string]}
 */
export const route = ({ kind, role, client_id: client }, pageClient) => {
  const [from, to] = routes[kind] ?? [role, role];
  return ofClients.includes(kind) && client && client !== pageClient ? ["spa", to] : [from, to];
};

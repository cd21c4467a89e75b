/**
 * auth is what the rest of the page knows of signing in: who is there, sign-in, sign-out, renewal, and requests that prove
 * it. How the session is kept alive is the business of the strategy that is in charge (strategy.js), chosen in the settings.
 * @module auth
 */

import { jwtDecode } from "jwt-decode";
import { nextCorrelation } from "./correlation.js";
import { codeOf, messageOf } from "./oidc-error.js";
import { emit, identify } from "./page-events.js";
import { monitor } from "./session-monitor.js";
import { currentStrategy } from "./settings.js";
import { signal } from "./signal.js";
import { storageBlocked } from "./storage.js";
import { loadStrategy, tokensInBrowser } from "./strategy.js";

/** @typedef {import("./strategy.js").Session} Session */
/** @typedef {import("./strategy.js").Condition} Condition */

/** @type {import("./strategy.js").Strategy} */
let strategy;
/** @type {Session | null} */
let current = null;
let loggedIn = false;
let looping = false;
let name = "";

/** @type {import("./signal.js").Signal<[boolean]>} */
const loginChanged = signal();
/** @type {import("./signal.js").Signal<[]>} */
const tokenChanged = signal();
/** @type {import("./signal.js").Signal<[{lifetime: number, lead: number} | null]>} */
const loop = signal();
/** @type {import("./signal.js").Signal<[{action: "login" | "logout" | "renew", code: string, reason: string}]>} */
const failure = signal();
/** @type {import("./signal.js").Signal<[Condition | null]>} */
const conditions = signal();
/** @type {import("./signal.js").Signal<[number | null]>} */
const clock = signal();

/** Every change between signed in and signed out. */
export const onLoginChanged = loginChanged.on;
/** There is another token, or none. */
export const onTokenChanged = tokenChanged.on;
/** The lifetime is not longer than the lead, so that each renewal asks for the next; null when that is over. */
export const onLoop = loop.on;
/** A sign-in or sign-out could not begin, or a renewal failed. */
export const onFailure = failure.on;
/** What the user should know of the renewal right now; null when all is well. */
export const onCondition = conditions.on;
/** Seconds that this machine's clock is behind the server's (negative: ahead) when that is too much, null when it is right. */
export const onClockSkew = clock.on;

/** Whether the browser seems to hide the provider's cookie from a hidden frame, as it does for other sites' cookies. */
export const cookieHidden = () => monitor.cookieHidden();

/** Puts the chosen strategy in charge and finds out whether somebody is signed in. */
export const start = async () => {
  name = currentStrategy();
  strategy = (await loadStrategy(name))(hostOf(), null);
  await strategy.start();
};

/** The name of the strategy in charge: article, none, iframe, refresh or bff. */
export const strategyName = () => name;
/** The settings the running library uses. */
export const runningSettings = () => strategy.settings();
/** Whether the token is renewed without being asked. */
export const renewsByItself = () => strategy.automatic();
/** Who is signed in, also with an expired token. @returns {Session | null} */
export const user = () => current;
/** @returns {boolean} whether somebody is signed in, as far as this page can know */
export const isLoggedIn = () => loggedIn;
/** Seconds before the expiry at which the renewal is due. */
export const lead = () => strategy.lead();

/** The access token, or nothing: an expired one is never handed out, one that the server keeps neither. @returns {string | undefined} */
export const accessToken = () => (current && !current.expired ? current.access_token : undefined);

/** The roles of the user, from userinfo. @returns {string[]} */
export const roles = () => [current?.profile.role ?? []].flat().map(String);

/** What the access token says, decoded and not verified: that is the API's business. @returns {Record<string, any> | null} */
export const accessTokenClaims = () => {
  try {
    return current?.access_token ? jwtDecode(current.access_token) : null;
  } catch {
    return null; // a reference token says nothing to us
  }
};

/** Seconds from receipt of the token to its expiry, 0 when unknown. @returns {number} */
export const tokenLifetime = () => {
  const claims = accessTokenClaims();
  return current?.lifetime ?? (claims?.exp && claims.iat ? claims.exp - claims.iat : 0);
};

/**
 * Sends the browser to the provider.
 * @param {string} [returnTo] a path of this site to come back to
 * @param {string} [loginHint] who the user might be (OIDC Core §3.1.2.1)
 */
export const login = async (returnTo, loginHint) => {
  if (storageBlocked) return failed("login", new Error("nothing outlives the redirect to the provider"));
  nextCorrelation();
  try {
    await strategy.login(returnTo, loginHint);
  } catch (error) {
    failed("login", error);
  }
};

/** Finishes the sign-in on the callback page. @returns {Promise<string>} the path to go on to */
export const finishLogin = () => strategy.finishLogin();

/** Forgets the user here and sends the browser to the provider's end session endpoint. */
export const logout = async () => {
  nextCorrelation();
  try {
    await strategy.logout();
  } catch (error) {
    failed("logout", error);
  }
};

/** Finishes the sign-out on its callback page. */
export const finishLogout = () => strategy.finishLogout();

/** Renews the access token now. @returns {Promise<Session | null>} */
export const renew = async () => {
  nextCorrelation();
  return await strategy.renew();
};

/** Treats the token as expired from now on, as if its time had come. For the page of the three cases. */
export const dropAccessToken = () => strategy.expire();

/** Answers the condition userChanged. @param {boolean} accept whether to go on as the other user */
export const resolveUser = (accept) => strategy.resolveUser?.(accept);

/** fetch with what proves the session under this strategy. Only for addresses that may see it. @param {string} url @param {RequestInit} [init] */
export const send = (url, init = {}) => strategy.send(url, init);

/**
 * Puts changed settings to work, another strategy among them, without losing the session where that is possible: the new
 * strategy takes over the user, the old one keeps no timer, no frame and no listener.
 */
export const applySettings = async () => {
  const next = currentStrategy();
  const before = { name, loggedIn };
  const create = await loadStrategy(next); // now: while the user is handed over they are in no store, and a reload would lose them
  const kept = await strategy.stop(tokensInBrowser(next));
  if (!kept) hear(null, false);
  conditions.tell(null);
  name = next;
  strategy = create(hostOf(), kept);
  await strategy.start();
  tokenChanged.tell();
  if (before.loggedIn && !loggedIn && tokensInBrowser(next)) {
    const why = tokensInBrowser(before.name) ? "The tokens were of no use to this strategy" : "The tokens were with the server, and this strategy needs its own";
    conditions.tell({ kind: "signInAgain", reason: `${why}. While the provider knows you, it asks for no password.` });
  }
};

/** What the strategy tells us, until another one is in charge. @returns {import("./strategy.js").Host} */
const hostOf = () => {
  const host = {
    changed: (/** @type {boolean} */ renewed) => {
      if (inCharge()) hear(strategy.session(), renewed);
    },
    signedOut: () => setLoggedIn(false, true),
    expired: () => {
      if (!inCharge()) return;
      setLoggedIn(strategy.isLoggedIn());
      tokenChanged.tell();
    },
    failed,
    condition: (/** @type {Condition | null} */ condition) => {
      if (!inCharge()) return;
      setLoggedIn(strategy.isLoggedIn());
      conditions.tell(condition);
    },
    late: async (/** @type {import("oidc-client-ts").User} */ late) => {
      await strategy.adopt?.(late);
    },
    clock: clock.tell,
  };
  lastHost = host;
  const inCharge = () => host === lastHost;
  return host;
};
/** @type {import("./strategy.js").Host} */
let lastHost;

/** @param {Session | null} session @param {boolean} renewed */
const hear = (session, renewed) => {
  const other = session !== current;
  current = session;
  if (session && other) {
    identify({ sub: session.profile.sub, sid: session.profile.sid });
    monitor.follow(session.profile.sid);
    const claims = accessTokenClaims();
    const left = session.expires_at === undefined ? undefined : session.expires_at - Math.floor(Date.now() / 1000);
    emit("user.loaded", { parameters: { expires_in: left, iat: claims?.iat, exp: claims?.exp, renewed } });
  }
  setLoggedIn(session !== null && strategy.isLoggedIn());
  warnOfLoop();
  tokenChanged.tell();
};

/** @param {boolean} next @param {boolean} [always] */
const setLoggedIn = (next, always = false) => {
  if (next === loggedIn && !always) return;
  loggedIn = next;
  emit("login.changed", { parameters: { logged_in: next } });
  loginChanged.tell(next);
};

/** A lifetime that is not longer than the lead makes the article's library renew every second. */
const warnOfLoop = () => {
  const total = tokenLifetime() || Infinity;
  const loops = current !== null && strategy.automatic() && total <= strategy.lead();
  if (loops === looping) return;
  looping = loops;
  if (loops) emit("renew.loop_warning", { parameters: { lifetime: total, lead: lead() }, outcome: "ok", reason: "lifetime ≤ lead" });
  loop.tell(loops ? { lifetime: total, lead: lead() } : null);
};

/** @param {"login" | "logout" | "renew"} action @param {unknown} error */
const failed = (action, error) => {
  failure.tell({ action, code: codeOf(error), reason: messageOf(error) });
};

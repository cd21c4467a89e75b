/**
 * auth owns the one UserManager of the page: sign-in, sign-out, renewal, and who is signed in. The renewal is the
 * library's own automaticSilentRenew, so its 60-second loop is the real one.
 * @module auth
 */

import { ErrorTimeout } from "oidc-client-ts";
import { jwtDecode } from "jwt-decode";
import { correlationHeader, correlationID, nextCorrelation } from "./correlation.js";
import { codeOf, messageOf } from "./oidc-error.js";
import { emit, identify } from "./page-events.js";
import { watchMonitor } from "./session-monitor.js";
import { currentSettings, forLibrary } from "./settings.js";
import { signal } from "./signal.js";
import { storageBlocked } from "./storage.js";
import { TracedUserManager } from "./user-manager.js";

/** @typedef {import("oidc-client-ts").User} User */

/** @type {TracedUserManager} */
let manager;
/** @type {User | null} */
let current = null;
let loggedIn = false;
let looping = false;
/** Whether the provider answered the last renewal with login_required: its session is over, our token is not. */
let providerForgot = false;

/** @type {import("./signal.js").Signal<[boolean]>} */
const loginChanged = signal();
/** @type {import("./signal.js").Signal<[]>} */
const tokenChanged = signal();
/** @type {import("./signal.js").Signal<[{lifetime: number, lead: number} | null]>} */
const loop = signal();
/** @type {import("./signal.js").Signal<[{action: "login" | "logout" | "renew", code: string, reason: string}]>} */
const failure = signal();

/** Every change between signed in and signed out. */
export const onLoginChanged = loginChanged.on;
/** There is another token, or none. */
export const onTokenChanged = tokenChanged.on;
/** The lifetime is not longer than the lead, so that each renewal asks for the next; null when that is over. */
export const onLoop = loop.on;
/** A sign-in or sign-out could not begin, or a renewal failed. */
export const onFailure = failure.on;

const monitor = watchMonitor();

/** Whether the browser seems to hide the provider's cookie from a hidden frame, as it does for other sites' cookies. */
export const cookieHidden = () => monitor.cookieHidden();

/** Builds the UserManager and finds out whether somebody is signed in. */
export const start = async () => {
  manager = build();
  const user = await manager.getUser();
  if (user) become(user);
  else tokenChanged.tell();
};

/** The settings the running library uses. */
export const runningSettings = () => manager.settings;
/** Who is signed in, also with an expired token. @returns {User | null} */
export const user = () => current;
/** @returns {boolean} whether there is a token that lives */
export const isLoggedIn = () => loggedIn;
/** Seconds of warning before the token expires. */
export const lead = () => manager.settings.accessTokenExpiringNotificationTimeInSeconds;

/** The access token, or nothing: an expired one is never handed out. @returns {string | undefined} */
export const accessToken = () => (current && !current.expired ? current.access_token : undefined);

/** The roles of the user, from userinfo. @returns {string[]} */
export const roles = () => [current?.profile.role ?? []].flat().map(String);

/** What the access token says, decoded and not verified: that is the API's business. @returns {Record<string, any> | null} */
export const accessTokenClaims = () => {
  try {
    return current ? jwtDecode(current.access_token) : null;
  } catch {
    return null; // a reference token says nothing to us
  }
};

/** Sends the browser to the provider. @param {string} [returnTo] a path of this site to come back to */
export const login = async (returnTo) => {
  if (storageBlocked) return failed("login", new Error("nothing outlives the redirect to the provider"));
  nextCorrelation();
  try {
    await manager.signinRedirect({ state: returnTo ? { returnTo } : undefined });
  } catch (error) {
    failed("login", error);
  }
};

/** Finishes the sign-in on the callback page. @returns {Promise<string>} the path to go on to */
export const finishLogin = async () => {
  const url = location.href;
  history.replaceState(history.state, "", location.pathname); // the code is used once: Back must not bring it up again
  const user = await manager.signinRedirectCallback(url);
  become(user);
  emit("callback.signin", { parameters: { sub: user.profile.sub } });
  const returnTo = /** @type {{returnTo?: unknown} | undefined} */ (user.state)?.returnTo;
  return typeof returnTo === "string" && /^\/(?![/\\])/.test(returnTo) ? returnTo : "/";
};

/** Forgets the user here and sends the browser to the provider's end session endpoint. */
export const logout = async () => {
  nextCorrelation();
  try {
    await manager.signoutRedirect({ state: { from: location.pathname } }); // without data the library sends no state
  } catch (error) {
    failed("logout", error);
  }
};

/** Finishes the sign-out: the user is cleared first, then everybody hears of it, then the response is processed. */
export const finishLogout = async () => {
  const url = location.href;
  history.replaceState(history.state, "", location.pathname);
  await manager.removeUser();
  setLoggedIn(false, true);
  try {
    await manager.signoutRedirectCallback(url);
    emit("callback.signout");
  } catch (error) {
    emit("callback.signout", { outcome: codeOf(error), reason: messageOf(error) });
  }
};

/** Renews the access token now, by the hidden frame. @returns {Promise<User | null>} */
export const renew = async () => {
  nextCorrelation();
  try {
    return await manager.signinSilent();
  } catch (error) {
    if (!(error instanceof ErrorTimeout)) renewFailed(error);
    throw error;
  }
};

/** Treats the token as expired from now on, as if its time had come. For the page of the three cases. */
export const dropAccessToken = async () => {
  if (!current) return;
  current.expires_at = Math.floor(Date.now() / 1000) - 1;
  await manager.storeUser(current);
  await manager.events.load(current, false); // the library raises "expired" within a second and no longer "expiring"
};

/**
 * Puts changed settings to work without losing the session: a new UserManager takes over the user, the old one keeps
 * no timer, no frame and no listener.
 */
export const applySettings = async () => {
  const old = manager;
  const kept = await old.getUser();
  retire(old);
  if (kept) await old.storeUser(null); // it may move from one storage to the other
  manager = build();
  if (kept) {
    await manager.storeUser(kept);
    await manager.getUser(true); // sets the timers by the new lead and lets the session monitor start
  }
  tokenChanged.tell();
};

/** @returns {TracedUserManager} */
const build = () => {
  const settings = forLibrary(currentSettings());
  const next = new TracedUserManager({
    ...settings,
    // Evaluated for every request, so that each carries the id of its own renewal.
    extraQueryParams: { get correlation_id() { return correlationID(); } },
    extraHeaders: { [correlationHeader]: correlationID },
  });
  listen(next);
  if (next.settings.automaticSilentRenew) {
    // The library put its own listener first; ours must hear "expiring" before the renewal it leads to.
    next.stopSilentRenew();
    next.startSilentRenew();
  }
  return next;
};

/** Drops our listeners and the library's timers and hidden frame. @param {TracedUserManager} old */
const retire = (old) => {
  old.stopSilentRenew();
  for (const remove of registered) remove();
  registered = [];
  // A renewal may be under way: what it brings belongs to the manager that is in charge by then.
  old.events.addUserLoaded(async (late) => {
    await old.events.unload();
    if (old === manager) return;
    await manager.storeUser(late);
    await manager.events.load(late);
  });
  void old.events.unload();
  void old.metadataService.getCheckSessionIframe().then((url) => {
    for (const frame of document.querySelectorAll("iframe")) if (url && frame.src === url) frame.remove();
  }, () => {});
};

/** @type {(() => void)[]} */
let registered = [];

/** @param {TracedUserManager} of */
const listen = (of) => {
  const events = of.events;
  registered = [
    events.addUserLoaded(become),
    events.addUserUnloaded(() => {
      current = null;
      emit("user.unloaded");
      identify({});
      setLoggedIn(false);
      warnOfLoop();
      tokenChanged.tell();
    }),
    events.addAccessTokenExpiring(() => {
      if (of.settings.automaticSilentRenew) nextCorrelation(); // the renewal that begins now is a story of its own
      emit("access_token.expiring", { parameters: { expires_in: current?.expires_in, lead: lead() } });
    }),
    events.addAccessTokenExpired(() => {
      emit("access_token.expired");
      setLoggedIn(false);
      tokenChanged.tell();
    }),
    events.addSilentRenewError((error) => {
      if (!(error instanceof ErrorTimeout)) renewFailed(error);
    }),
  ];
  events.addUserSignedOut(async () => {
    if (of !== manager) return;
    if (providerForgot || !monitor.trusted(current?.profile.sid)) {
      // A renewal has already said so, or the provider's frame never saw a session at all. No news of a sign-out then:
      // the token is good until its exp, and the page with it.
      emit("user.signed_out", { reason: "the provider no longer knows the user; the access token lives until its exp" });
      return;
    }
    emit("user.signed_out", { reason: "the provider's session ended or changed hands" });
    await of.removeUser();
  });
  events.addUserSessionChanged(() => {
    if (of === manager) emit("session.changed");
  });
};

/** @param {User} loaded */
const become = (loaded) => {
  if (loaded === current) return;
  const renewed = current !== null && current.access_token !== loaded.access_token;
  current = loaded;
  providerForgot = false;
  identify({ sub: loaded.profile.sub, sid: loaded.profile.sid });
  monitor.follow(loaded.profile.sid);
  const claims = accessTokenClaims();
  emit("user.loaded", {
    parameters: { expires_in: loaded.expires_in, iat: claims?.iat, exp: claims?.exp, renewed },
  });
  setLoggedIn(!loaded.expired);
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

/** A lifetime that is not longer than the lead makes the library renew every second. */
const warnOfLoop = () => {
  const claims = accessTokenClaims();
  const total = claims ? claims.exp - claims.iat : Infinity;
  const loops = manager.settings.automaticSilentRenew && total <= lead();
  if (loops === looping) return;
  looping = loops;
  if (loops) emit("renew.loop_warning", { parameters: { lifetime: total, lead: lead() }, outcome: "ok", reason: "lifetime ≤ lead" });
  loop.tell(loops ? { lifetime: total, lead: lead() } : null);
};

/** @param {unknown} error */
const renewFailed = (error) => {
  providerForgot = codeOf(error) === "login_required";
  emit("silent_renew.error", { outcome: codeOf(error), reason: messageOf(error) });
  failed("renew", error);
};

/** @param {"login" | "logout" | "renew"} action @param {unknown} error */
const failed = (action, error) => {
  failure.tell({ action, code: codeOf(error), reason: messageOf(error) });
};

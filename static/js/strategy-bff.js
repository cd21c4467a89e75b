/**
 * Renewal on the server: the tokens stay with the server of this page (spa/bff.go), which renews them and calls the API. The browser
 * has a cookie that no script can read; this module knows who is signed in and until when, and never sees a token.
 * @module strategy-bff
 */

import { UserManagerSettingsStore } from "oidc-client-ts";
import { config } from "./config.js";
import { correlationHeader, correlationID, nextCorrelation } from "./correlation.js";
import { now } from "./format.js";
import { emit, identify } from "./page-events.js";
import { currentSettings, forLibrary } from "./settings.js";
import { sessionStore } from "./storage.js";

/**
 * What GET /bff/session says (spa/bff_session.go).
 * @typedef {object} Status
 * @property {boolean} signed_in
 * @property {string} [sub]
 * @property {string} [sid]
 * @property {string} [name]
 * @property {string[]} [roles]
 * @property {number} [iat] of the access token
 * @property {number} [exp] of the access token
 * @property {number} now the server's clock
 * @property {number} renewals
 * @property {string} [trouble]
 */

/** The header without which the server does nothing for a session: no other site's page can send it. */
const csrf = { "X-CSRF": "1" };

const pollEvery = 2000; // milliseconds between two looks at the session while somebody looks at the page
const day = 86_400; // seconds
const retryAfter = [2, 5, 10, 30, 60]; // seconds after a renewal that failed for now
const signingIn = "silentrenew.bff.signin"; // in sessionStorage while the browser is at the provider

/** A renewal that failed, with its code for those who ask oidc-error.js. */
class RenewalError extends Error {
  /** @param {string} error @param {string} message */
  constructor(error, message) {
    super(message);
    this.error = error;
  }
}

/**
 * @param {string} _name
 * @param {import("./strategy.js").Host} host
 * @returns {import("./strategy.js").Strategy}
 */
export const create = (_name, host) => {
  /** @type {import("./strategy.js").Session | null} */
  let session = null;
  /** Which token the session is about: a renewal changes it. */
  let issued = "";
  let dropped = false;
  let failures = 0;
  let calls = new AbortController();
  let renewTimer = 0;
  let expiryTimer = 0;
  const stopped = new AbortController();
  const tabs = new BroadcastChannel("silentrenew.bff");

  const lifetime = () => session?.lifetime ?? 0;
  const lead = () => Math.min(Number(currentSettings().accessTokenExpiringNotificationTimeInSeconds ?? 60), lifetime() / 3);

  /** Puts what the server says in place of what we knew. @param {Status} status */
  const become = (status) => {
    if (stopped.signal.aborted) return;
    if (!status.signed_in) return session ? end("the server has no session any more") : undefined;
    const token = `${status.iat} ${status.renewals}`;
    const sameUser = session !== null && session.profile.sub === status.sub && session.profile.sid === status.sid;
    if (sameUser && issued === token && (dropped || session?.expires_at !== undefined)) return;
    const renewed = sameUser && issued !== token;
    const { exp = 0, iat = 0 } = status;
    issued = token;
    dropped = false;
    failures = 0;
    session = {
      profile: { sub: status.sub, sid: status.sid, name: status.name, role: status.roles },
      expires_at: Math.floor(exp - status.now + now()), // by this machine's clock, whatever that says
      lifetime: exp - iat,
      get expired() { return (this.expires_at ?? 0) <= now(); },
    };
    host.condition(null);
    host.changed(renewed);
    schedule();
  };

  const schedule = () => {
    clearTimeout(renewTimer);
    clearTimeout(expiryTimer);
    if (!session?.expires_at) return;
    const left = session.expires_at - now();
    const rest = left - lead();
    if (rest > day) { // a timer of more than 24 days fires at once (HTML §8.7)
      renewTimer = setTimeout(schedule, day * 1000);
      return;
    }
    renewTimer = setTimeout(due, Math.max(rest, 0) * 1000);
    expiryTimer = setTimeout(() => {
      if (!session?.expired) return;
      emit("access_token.expired");
      host.expired();
    }, Math.max(left, 0) * 1000 + 500);
  };

  const due = () => {
    nextCorrelation();
    emit("access_token.expiring", { parameters: { expires_in: session?.expires_at && session.expires_at - now(), lead: Math.round(lead()) } });
    renew().catch(() => {});
  };

  /** The session is over. What is under way for it is stopped, and its answers are not shown (R18). @param {string} reason */
  const end = (reason) => {
    if (!session) return;
    calls.abort(new DOMException(reason, "AbortError"));
    calls = new AbortController();
    clearTimeout(renewTimer);
    clearTimeout(expiryTimer);
    session = null;
    issued = "";
    emit("user.signed_out", { reason });
    emit("user.unloaded");
    identify({});
    host.changed(false);
  };

  /** Asks the server who is signed in. That prolongs nothing. @returns {Promise<void>} */
  const check = async () => {
    try {
      const response = await fetch("/bff/session", { cache: "no-store", headers: { Accept: "application/json" } });
      if (!response.ok) return;
      const status = /** @type {Status} */ (await response.json());
      become(status);
      if (status.trouble && session) host.condition({ kind: "retrying", code: "temporarily_unavailable", reason: status.trouble, attempt: failures + 1, at: now() + retryAfter[0] });
    } catch {
      if (session && !navigator.onLine) host.condition({ kind: "offline" });
    }
  };

  /** One renewal at a time in all tabs: who comes second finds that it is done. @returns {Promise<import("./strategy.js").Session | null>} */
  const renew = async () => {
    const before = issued;
    const task = async () => {
      await check();
      if (!session) throw new RenewalError("login_required", "nobody is signed in");
      if (issued !== before) return session;
      emit("silent_renew.started", { parameters: { strategy: "bff", attempt: failures + 1 } });
      host.condition({ kind: "renewing" });
      /** @type {Response} */
      let response;
      try {
        response = await fetch("/bff/renew", { method: "POST", headers: { ...csrf, [correlationHeader]: correlationID() } });
      } catch (error) {
        throw new RenewalError("temporarily_unavailable", String(error));
      }
      const said = await response.json().catch(() => ({}));
      if (!response.ok) throw new RenewalError(said.error ?? "temporarily_unavailable", said.error_description ?? response.statusText);
      become(/** @type {Status} */ (said));
      host.condition(null);
      return session;
    };
    try {
      return await (navigator.locks ? navigator.locks.request("silentrenew.bff.renew", task) : task());
    } catch (error) {
      failed(error instanceof RenewalError ? error : new RenewalError("temporarily_unavailable", String(error)));
      throw error;
    }
  };

  /** @param {RenewalError} error */
  const failed = (error) => {
    if (stopped.signal.aborted) return;
    emit("silent_renew.error", { outcome: error.error, reason: error.message });
    if (error.error === "login_required") {
      end(error.message);
      host.condition({ kind: "ended", code: error.error, reason: error.message });
      return;
    }
    const seconds = retryAfter[Math.min(failures++, retryAfter.length - 1)];
    host.condition(navigator.onLine ? { kind: "retrying", code: error.error, reason: error.message, attempt: failures, at: now() + seconds } : { kind: "offline" });
    clearTimeout(renewTimer);
    renewTimer = setTimeout(() => void renew().catch(() => {}), seconds * 1000);
  };

  /** Signs out here and at our server. @returns {Promise<string>} where the provider's session ends */
  const signOut = async () => {
    calls.abort(new DOMException("signing out", "AbortError"));
    calls = new AbortController();
    const response = await fetch("/bff/logout", { method: "POST", headers: { ...csrf, [correlationHeader]: correlationID() } });
    if (!response.ok) throw new Error(`the server did not sign out: ${response.status}`);
    const { location: next } = await response.json();
    tabs.postMessage("signed out");
    return next;
  };

  return {
    start: async () => {
      const booted = document.documentElement.dataset.booted === "true";
      if (!config.bff) {
        host.changed(false);
        return host.failed("login", new Error("this server keeps no sessions"));
      }
      const at = { signal: stopped.signal };
      tabs.addEventListener("message", ({ data }) => (data === "signed out" ? end("signed out in another tab") : void check()), at);
      addEventListener("online", () => void check(), at);
      addEventListener("focus", () => void check(), at);
      document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void check(), at);
      await check();
      if (!session) {
        host.changed(false);
        if (booted) host.condition({ kind: "signInAgain", reason: "The tokens live on the server under this strategy, so the server has to fetch its own." });
      }
      const back = sessionStore.getItem(signingIn);
      sessionStore.removeItem(signingIn);
      if (back && session) {
        emit("callback.signin", { parameters: { sub: session.profile.sub } });
        tabs.postMessage("signed in");
      }
      const poll = setInterval(() => session && document.visibilityState === "visible" && void check(), pollEvery);
      stopped.signal.addEventListener("abort", () => clearInterval(poll));
    },
    /** Ends the session at our server, not the provider's: the next strategy signs in without a password. */
    stop: async () => {
      if (session) await signOut().catch(() => {});
      end("another strategy is in charge");
      stopped.abort();
      tabs.close();
      return null;
    },
    session: () => session,
    isLoggedIn: () => session !== null, // the server may get a new token at any time
    lead,
    automatic: () => true,
    login: async (returnTo, loginHint) => {
      sessionStore.setItem(signingIn, "1");
      const query = { returnTo: returnTo ?? location.pathname + location.search, correlation_id: correlationID(), ...(loginHint && { login_hint: loginHint }) };
      location.assign(`/bff/login?${new URLSearchParams(query)}`);
    },
    finishLogin: async () => "/", // the server has its own callback
    logout: async () => {
      const next = await signOut();
      end("signed out here");
      location.assign(next);
    },
    finishLogout: async () => host.signedOut(), // ditto
    renew,
    expire: async () => {
      if (!session) return;
      dropped = true;
      session.expires_at = now() - 1;
      emit("access_token.expired");
      host.expired();
    },
    send: async (url, init) => {
      const headers = new Headers(init.headers);
      for (const [name, value] of Object.entries(csrf)) headers.set(name, value);
      const own = calls;
      const signal = init.signal ? AbortSignal.any([init.signal, own.signal]) : own.signal;
      const response = await fetch(throughServer(url), { ...init, headers, signal, credentials: "same-origin" });
      if (response.status === 401) void check();
      own.signal.throwIfAborted(); // the session ended while the answer was on its way
      return response;
    },
    settings: () => new UserManagerSettingsStore(forLibrary({ ...currentSettings(), automaticSilentRenew: false })),
  };
};

/** The API is called by our server, which has the token. @param {string} url */
const throughServer = (url) => {
  const api = `${config.api}/api/`;
  return url.startsWith(api) ? `/bff/api/${url.slice(api.length)}` : url;
};

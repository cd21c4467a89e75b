/*!
 * renew.js 1.0.0 — renewal of access tokens that never loses the user's work, on top of oidc-client-ts 3.
 * Copyright (c) 2026 Silent Renew contributors. MIT License: https://opensource.org/license/mit
 */
/**
 * oidc-client-ts renews a token when its timer rings. This module decides the rest: when to renew (a lead that cannot loop,
 * wall-clock deadlines, wake-ups), how often (once per tab and once per browser, with back-off), what an answer is worth
 * (checked before it replaces anything), and what an error means (final, or worth another try).
 *
 *     import { UserManager, WebStorageStateStore } from "oidc-client-ts";
 *     import { createRenewal } from "./renew.js";
 *
 *     const manager = new UserManager({ …, automaticSilentRenew: false });
 *     const renewal = createRenewal(manager, { apis: ["https://api.example/"] });
 *     renewal.on("status", (status) => show(status));
 *     await renewal.start();
 *     const answer = await renewal.fetch("https://api.example/companies");
 *
 * Sign in with manager.signinRedirect() as before; sign out with renewal.signOut(). A user who holds a refresh token is
 * renewed by it, everybody else in a hidden frame with prompt=none. To share one sign-in among tabs give the manager a
 * userStore in localStorage; a refresh token there can be read by any script of your origin, also after the tab is closed.
 * sessionStorage keeps it to its tab, but a duplicated tab starts with a copy, and two users of one rotating refresh token
 * look like a theft to the provider.
 *
 * Needs oidc-client-ts 3.1 and a browser of 2024 (AbortSignal.any); Web Locks are used where the page is a secure context.
 *
 * Below: what an error is worth, then createRenewal, from the events it tells to what it hands out, and at the end what needs no
 * state: the checks of an answer, the hidden frame, the lock of all tabs.
 * @module renew
 */

import { ErrorResponse, ErrorTimeout, InMemoryWebStorage, User, UserManager, WebStorageStateStore } from "oidc-client-ts";

export const version = "1.0.0";

/**
 * @typedef {object} Options
 * @property {string[]} [apis] what fetch() gives the token to: these URLs and those below them. Nothing else ever gets it.
 * @property {boolean} [forceFrame] renew in the hidden frame although there is a refresh token (default false)
 * @property {number} [leadInSeconds] renew so long before the expiry (default 60),
 * @property {number} [leadFraction] but not before only this part of the lifetime is left (default 1/3)
 * @property {number} [minValidityInSeconds] fetch() waits for a renewal when the token lives no longer than this (default 5)
 * @property {number} [timeoutInSeconds] how long each request of a renewal may take (default 10)
 * @property {number} [clockSkewInSeconds] how wrong this machine's clock may be before "clockSkew" is raised (default 300)
 * @property {number} [idleLimitInSeconds] do not renew for a user who has not moved for so long; 0 renews for ever (default 0)
 * @property {(idToken: string, keys: any[]) => Promise<unknown>} [verify] rejects when no such key made the signature of the ID
 *   token. oidc-client-ts takes TLS for that (OIDC Core §3.1.3.7); with jose it is
 *   (token, keys) => compactVerify(token, createLocalJWKSet({ keys }))
 * @property {boolean} [loadUserInfo] fetch the user's claims with a proof, for a manager with dpop: the library's own loadUserInfo
 *   sends a bound token as Bearer and must be off then (default false)
 * @property {(request: Request, user: User, nonce?: string) => Promise<HeadersInit | undefined>} [present] the headers that show the token
 *   to those who want it in a way of their own; undefined for Authorization, with a proof where the token is bound (RFC 9449)
 * @property {string} [clockURL] an address of this origin whose Date header tells the server's time (default silent_redirect_uri)
 */

/** Who is meant. @typedef {{sub: string, name?: string | undefined}} Person */

/**
 * What a renewal failed with.
 * @typedef {object} Failure
 * @property {"final" | "transient" | "refused"} class final: the provider will not renew; transient: trying again may help;
 *   refused: the answer did not belong to this user, this request or this client
 * @property {string} code the registered error code when there is one, otherwise a word: timeout, network, offline, http_503 …
 * @property {string} reason for people
 * @property {number | undefined} [retryAfter] seconds the provider asked us to wait
 */

/**
 * What the renewal is doing. "ended" is left by a new sign-in or by calling renew(); "userChanged" by resolveUser().
 * @typedef {{kind: "signedOut" | "ready" | "renewing" | "offline" | "idle"}
 *   | {kind: "retrying", code: string, reason: string, attempt: number, at: number}
 *   | {kind: "ended", code: string, reason: string}
 *   | {kind: "cookiesBlocked", certain: boolean, code: string, reason: string}
 *   | {kind: "userChanged", user: Person}} Status at is in milliseconds since the epoch
 */

/**
 * What on() can listen to. Each is raised once per token, in this order: expiring, renewing, renewed; or expiring, renewing,
 * failed, expired.
 * @typedef {object} Events
 * @property {Status} status every change of it
 * @property {{left: number}} expiring the lead has begun
 * @property {{attempt: number}} renewing a request to the provider begins
 * @property {{user: User, shared: boolean}} renewed shared when another tab did it
 * @property {Failure} failed no renewal will be tried by itself any more; the token may still live
 * @property {Failure & {attempt: number, at: number}} retrying
 * @property {{}} expired
 * @property {{elsewhere: boolean}} signedOut
 * @property {{user: Person}} userChanged somebody else is signed in: ask, then call resolveUser()
 * @property {{certain: boolean}} cookiesBlocked the browser hides the provider's cookie from the frame: use refresh tokens or a server
 * @property {{offsetInSeconds: number}} clockSkew this clock is so far behind the server's; 0 when it is right again
 */

/** Asking again helps nothing: the user is needed, or the developer (OIDC Core §3.1.2.6, RFC 6749 §5.2). */
const transientCodes = new Set(["temporarily_unavailable", "server_error", "slow_down"]);

/** A renewal that did not come about. */
export class RenewalError extends Error {
  /** @param {Failure} failure @param {{cause?: unknown, user?: Person | undefined}} [more] */
  constructor(failure, { cause, user } = {}) {
    super(failure.reason, { cause });
    this.name = "RenewalError";
    this.failure = failure;
    /** Who the answer was about, when it was about somebody else. */
    this.user = user;
    /** The code, under the name ErrorResponse has it. */
    this.error = failure.code;
  }
}

/**
 * Sorts an error of oidc-client-ts into what can be done about it.
 * @param {unknown} error
 * @param {{status?: number, retryAfter?: string | null}} [answer] of the provider, as far as it was seen
 * @returns {Failure}
 */
export const classify = (error, answer = {}) => {
  if (error instanceof RenewalError) return error.failure;
  const reason = error instanceof Error ? error.message : String(error);
  const status = answer.status ?? Number(/\((\d{3})\)/.exec(reason)?.[1] ?? 0);
  const busy = status >= 500 || status === 429 || status === 408;
  const retryAfter = busy ? secondsOf(answer.retryAfter) : undefined;
  if (error instanceof ErrorResponse) {
    const again = busy || transientCodes.has(error.error ?? "");
    return { class: again ? "transient" : "final", code: error.error ?? "error", reason: reason || String(error.error), retryAfter };
  }
  if (error instanceof ErrorTimeout) return { class: "transient", code: "timeout", reason };
  if (busy) return { class: "transient", code: `http_${status}`, reason, retryAfter };
  if (status >= 400) return { class: "final", code: `http_${status}`, reason };
  // fetch() rejects with a TypeError when no answer came that a script may read (Fetch §5.6).
  if (error instanceof TypeError) return { class: "transient", code: "network", reason };
  return { class: "refused", code: "invalid_response", reason };
};

/** Retry-After as seconds, from a number or a date (RFC 9110 §10.2.3). @param {string | null | undefined} value */
const secondsOf = (value) => {
  if (!value) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 3600) : undefined;
};

/**
 * Seconds to wait before the next attempt: 2, 4, 8, 16, 16 …, up to a fifth more so that tabs and users do not come back in
 * step; never less than the provider asked for.
 * @param {number} attempt how many have failed, from 1
 * @param {number} [retryAfter] seconds
 * @param {number} [random] from 0 to 1
 */
export const backOff = (attempt, retryAfter = 0, random = Math.random()) =>
  Math.max(retryAfter, Math.min(2 ** Math.min(attempt, 10), 16) * (1 + random / 5));

/**
 * Seconds before the expiry at which a token of this lifetime is renewed. Never sooner than two seconds after it came, and be it
 * after the expiry: a lifetime of a second makes no loop either.
 * @param {number} lifetime @param {number} lead @param {number} fraction
 */
export const leadOf = (lifetime, lead, fraction) => Math.min(lead, lifetime * fraction, lifetime - 2);

/**
 * @param {UserManager} manager with automaticSilentRenew off, or it will renew as well
 * @param {Options} [options]
 */
export const createRenewal = (manager, options = {}) => {
  const {
    apis = [], forceFrame = false, leadInSeconds = 60, leadFraction = 1 / 3, minValidityInSeconds = 5, timeoutInSeconds = 10,
    clockSkewInSeconds = 300, idleLimitInSeconds = 0, verify, loadUserInfo = false, present,
    clockURL = manager.settings.silent_redirect_uri ?? location.href,
  } = options;
  const { settings } = manager;
  const name = `renew:${settings.authority}:${settings.client_id}`;

  /** @type {User | null} */
  let current = null;
  /**
   * What we know of the token beyond what the library stores: framed when the hidden frame has worked in this session, blocked
   * the session it did not see.
   * @type {{exp?: number | undefined, lifetime: number, offset?: number | undefined, id?: string, framed?: boolean, blocked?: string}}
   */
  let known = { lifetime: 0 };
  /** @type {Status} */
  let status = { kind: "signedOut" };
  let running = false;
  /** @type {Promise<User | null> | null} */
  let starting = null;
  let epoch = 0; // counts sign-outs and sign-ins: what a renewal brings is worthless when it has changed meanwhile
  let attempts = 0;
  let retryAt = 0; // milliseconds since the epoch; 0 when no attempt has failed
  let told = { expiring: false, expired: false };
  let timer = 0;
  /** @type {number | undefined} */
  let offset; // seconds the server's clock is ahead of ours, once it was seen
  let measuring = Promise.resolve();
  let skewed = 0; // the offset that listeners were told
  let drift = Date.now() - performance.now();
  let lastActive = Date.now();
  /** @type {Promise<User> | null} */
  let flight = null;
  let declined = ""; // subject of the user this tab would not become
  let abort = new AbortController();
  /** @type {(() => void)[]} */
  let undo = [];
  /** @type {BroadcastChannel | null} */
  let channel = null;

  // ---- Events

  /** @type {Map<string, Set<(news: any) => void>>} */
  const listeners = new Map();
  /** @template {keyof Events} K @param {K} type @param {Events[K]} news */
  const tell = (type, news) => {
    for (const listener of listeners.get(type) ?? []) {
      try {
        listener(news);
      } catch (error) {
        reportError(error); // its own affair: the renewal has not failed
      }
    }
  };
  /** @template {keyof Events} K @param {K} type @param {(news: Events[K]) => void} listener @returns {() => void} ends it */
  const listen = (type, listener) => {
    const of = listeners.get(type) ?? new Set();
    listeners.set(type, of.add(listener));
    return () => void of.delete(listener);
  };
  /** Tells those who listen to the manager. @param {User} user @param {boolean} [raise] */
  const load = (user, raise) => manager.events.load(user, raise).catch(reportError);
  /** @param {Status} next */
  const become = (next) => {
    if (JSON.stringify(next) === JSON.stringify(status)) return;
    status = next;
    tell("status", next);
  };

  // ---- Time

  /** Seconds until the token expires. Who does not say (RFC 6749 §5.1) means: until the API refuses it. */
  const left = (/** @type {User | null} */ user = current) => (user ? (user.expires_at ?? Infinity) - Date.now() / 1000 : 0);
  const lead = () => leadOf(known.lifetime, leadInSeconds, leadFraction);
  const stuck = () => status.kind === "ended" || status.kind === "userChanged" || status.kind === "cookiesBlocked";

  /** Looks at the clock on the wall and does what is due. Timers may be late, throttled or frozen: only the time counts. */
  const tick = () => {
    clearTimeout(timer);
    if (!running || !current) return;
    const jumped = Date.now() - performance.now() - drift;
    if (Math.abs(jumped) > 5000) { // asleep, or somebody set the clock
      drift += jumped;
      measuring = measureClock();
    }
    const rest = left();
    if (rest <= lead() && rest > 0 && !told.expiring) {
      told.expiring = true;
      tell("expiring", { left: rest });
    }
    if (rest <= 0 && !told.expired) {
      told.expired = true;
      tell("expired", {});
    }
    let next = 5;
    if (rest > lead()) next = rest - lead();
    else if (flight || stuck()) next = rest > 0 ? rest : 5;
    else if (!navigator.onLine) become({ kind: "offline" });
    else if (retryAt > Date.now()) next = (retryAt - Date.now()) / 1000;
    else if (idleLimitInSeconds > 0 && Date.now() - lastActive > idleLimitInSeconds * 1000) become({ kind: "idle" });
    else void renewOnce().catch(() => {});
    timer = setTimeout(tick, Math.min(Math.max(next, 0.05), 5) * 1000);
  };

  /** The page is looked at again, thawed or back on the network: what other tabs did counts, then the clock. */
  const wake = () => void adoptStored().finally(tick);

  const move = () => {
    const idleBefore = status.kind === "idle";
    if (Date.now() - lastActive > 5000) channel?.postMessage({ type: "active" });
    lastActive = Date.now();
    if (idleBefore) tick();
  };

  // ---- Clock (the user's clock may be wrong by hours; the server's Date header is good to a second)

  const measureClock = async () => {
    try {
      const sent = Date.now();
      const { headers } = await fetch(clockURL, { method: "HEAD", cache: "no-store", signal: inTime() });
      noteDate(headers.get("Date"), (sent + Date.now()) / 2);
    } catch {
      // no answer: the clock is as good as it was
    }
    if (!current || offset === undefined || known.exp === undefined || known.exp !== current.expires_at) return;
    known.offset ??= offset; // the token came before the first answer
    if (Math.abs(offset - known.offset) <= 5) return;
    // A clock that was set while the token lived moved its expiry with it. The store keeps what it has: it may be newer.
    current.expires_at = Math.round(known.exp + known.offset - offset);
    known = { ...known, exp: current.expires_at, offset };
    await load(current, false);
    tick();
  };

  /** @param {string | null | undefined} date @param {number} at milliseconds since the epoch */
  const noteDate = (date, at) => {
    const server = Date.parse(date ?? "");
    if (!Number.isFinite(server)) return;
    offset = (server + 500 - at) / 1000; // Date has whole seconds: half a second more is right on average
    const wrong = Math.abs(offset) > clockSkewInSeconds ? Math.round(offset) : 0;
    if (Math.abs(wrong - skewed) <= 5) return;
    skewed = wrong;
    tell("clockSkew", { offsetInSeconds: wrong });
  };

  // ---- The store, which other tabs may share

  /** @param {User} user @param {number} lifetime seconds */
  const remember = async (user, lifetime) => {
    const record = (known = { ...known, exp: user.expires_at, lifetime, offset, id: random() });
    await settings.userStore.set(name, JSON.stringify(record));
    if (await shared()) await ledger("readwrite", (written) => written.put(record.id, name));
  };

  /** Takes the user out of the store, with what we knew of the token. */
  const forget = async () => {
    await manager.removeUser();
    await settings.userStore.remove(name);
  };

  /** Whether the manager's store is localStorage, which other tabs see. */
  const shared = async () => {
    try {
      return Object.values(localStorage).includes(await settings.userStore.get(name));
    } catch {
      return false;
    }
  };

  /**
   * What one tab writes into localStorage reaches another a moment later, sometimes after the lock has. IndexedDB does not
   * lag: it says which record was written last, and we wait until localStorage shows it.
   */
  const caughtUp = async () => {
    if (!(await shared())) return;
    const last = await ledger("readonly", (written) => written.get(name));
    for (const end = Date.now() + 2000; last && (await recall()).id !== last && Date.now() < end;) await sleep(20);
  };
  const recall = async () => {
    try {
      return JSON.parse((await settings.userStore.get(name)) ?? "null") ?? known;
    } catch {
      return known;
    }
  };

  /** Takes over what another tab put into the store. @returns {Promise<User | null>} what is there now */
  const adoptStored = async () => {
    const stored = await manager.getUser();
    if (!running || stored?.access_token === current?.access_token) return stored;
    if (!stored) {
      leave(true);
      await manager.events.unload();
      return null;
    }
    if (!current && stored.profile.sub === declined) return stored;
    if (current && stored.profile.sub !== current.profile.sub) {
      askAbout({ sub: stored.profile.sub, name: stored.profile.name });
      return stored;
    }
    const renewed = current !== null;
    const began = epoch;
    const record = await recall();
    if (epoch !== began) return null;
    known = record;
    take(stored);
    await load(stored);
    if (renewed) tell("renewed", { user: stored, shared: true });
    return stored;
  };

  /** The token of this tab is that of user from now on. @param {User} user */
  const take = (user) => {
    if (known.exp !== user.expires_at) known = { ...known, exp: user.expires_at, lifetime: Math.max(left(user), 1), offset };
    current = user;
    declined = "";
    attempts = retryAt = 0;
    told = { expiring: false, expired: false };
    become({ kind: "ready" });
  };

  /** Nobody is signed in here any more. @param {boolean} elsewhere */
  const leave = (elsewhere) => {
    if (!current && status.kind === "signedOut") return;
    epoch++;
    abort.abort(gone());
    abort = new AbortController();
    current = null;
    known = { lifetime: 0 };
    clearTimeout(timer);
    become({ kind: "signedOut" });
    tell("signedOut", { elsewhere });
  };

  /** Takes out of the store what came there although its user had signed out by then. @param {User} user */
  const retract = async (user) => {
    if (running && !current && (await manager.getUser())?.access_token === user.access_token) await forget();
  };

  /** @param {Person} user */
  const askAbout = (user) => {
    if (status.kind === "userChanged" && status.user.sub === user.sub) return;
    become({ kind: "userChanged", user });
    tell("userChanged", { user });
  };

  // ---- Renewing

  /** One renewal at a time: whoever asks while it runs gets its result. */
  const renewOnce = () => (flight ??= attempt().finally(() => {
    flight = null;
    tick();
  }));

  /** @returns {Promise<User>} */
  const attempt = async () => {
    const began = epoch;
    const before = current;
    /** The credentials this attempt starts from. */
    let base = current;
    /** @type {{status?: number, retryAfter?: string | null}} */
    let answer = {};
    become({ kind: "renewing" });
    try {
      return await exclusively(name, lease, abort.signal, async () => {
        // Another tab may have renewed while we waited for the lock.
        await caughtUp();
        const stored = await adoptStored();
        if (epoch !== began || (before && !stored)) throw gone();
        if (status.kind === "userChanged") throw refused("user_changed", "another user is signed in");
        if (stored && before && stored.access_token !== before.access_token && left(stored) > lead()) return stored;
        base = stored;
        become({ kind: "renewing" });
        tell("renewing", { attempt: attempts + 1 });
        const next = await withAnswers((response, method) => {
          if (![...origins].some((origin) => response.url.startsWith(`${origin}/`))) return;
          answer = { status: response.status, retryAfter: response.headers.get("Retry-After") };
          if (method === "POST") noteDate(response.headers.get("Date"), Date.now()); // what comes from a cache tells the time it came there
        }, () => obtain(stored));
        await keep(next, stored, began);
        say("renewed");
        tell("renewed", { user: next, shared: false });
        return next;
      });
    } catch (error) {
      return await recover(error, answer, base, began);
    }
  };

  /**
   * Puts what came in the place of what we had, unless somebody has signed out or in meanwhile: that wins.
   * @param {User} next @param {User | null} stored what it was obtained with @param {number} began
   */
  const keep = async (next, stored, began) => {
    const undisturbed = async (/** @type {User | null} */ user) =>
      (await manager.getUser())?.access_token === user?.access_token && epoch === began;
    if (await undisturbed(stored)) {
      if (!usesRefreshToken(stored)) known.framed = true;
      await manager.storeUser(next);
      if (epoch === began) await remember(next, Math.max(left(next), 1)); // after the user: who sees this sees them
      if (await undisturbed(next)) {
        take(next);
        return await load(next);
      }
      if (!running) throw gone(); // stopped: it is in the store for whoever comes next
    }
    void revoke(next, stored); // nobody will ever use it
    await retract(next);
    throw gone();
  };

  /**
   * What a failed attempt leaves behind: newer credentials of another tab if there are any, otherwise a plan.
   * @param {unknown} error @param {{status?: number, retryAfter?: string | null}} answer @param {User | null} base @param {number} began
   * @returns {Promise<User>}
   */
  const recover = async (error, answer, base, began) => {
    const failure = classify(error, answer);
    if (epoch !== began) throw gone();
    if (failure.code === "signed_out" || failure.code === "user_changed") throw error;
    const stored = await adoptStored();
    if (epoch !== began) throw gone();
    if (stored && base && stored.access_token !== base.access_token && left(stored) > 0 && status.kind === "ready") return stored;
    if (failure.class === "transient") {
      if (!navigator.onLine) {
        become({ kind: "offline" });
        throw new RenewalError({ ...failure, code: "offline" }, { cause: error });
      }
      attempts++;
      const rest = left();
      let wait = backOff(attempts, failure.retryAfter) * (rest > 0 ? 1 : 4);
      // The last chance before the expiry is taken, unless the provider asked for more time.
      if (rest > 3 && wait > rest - 2 && !failure.retryAfter) wait = rest - 2;
      retryAt = Date.now() + wait * 1000;
      become({ kind: "retrying", code: failure.code, reason: failure.reason, attempt: attempts, at: retryAt });
      tell("retrying", { ...failure, attempt: attempts, at: retryAt });
      throw new RenewalError(failure, { cause: error });
    }
    retryAt = 0;
    const ask = failure.code === "login_required" && stored && !usesRefreshToken(stored);
    /** @type {Awaited<ReturnType<typeof askWho>>} */
    const found = ask ? await askWho().catch(() => ({})) : {};
    if (epoch !== began) throw gone();
    const user = error instanceof RenewalError && error.user ? error.user : found.user;
    if (user && user.sub !== stored?.profile.sub) askAbout(user);
    else if (found.hidden) {
      known.blocked = String(stored?.profile.sid);
      if (stored) await remember(stored, known.lifetime);
      become({ kind: "cookiesBlocked", certain: false, code: failure.code, reason: failure.reason });
      tell("cookiesBlocked", { certain: false });
    } else become({ kind: "ended", code: failure.code, reason: failure.reason });
    tell("failed", failure);
    throw new RenewalError(failure, { cause: error });
  };

  const usesRefreshToken = (/** @type {User | null} */ user) => !forceFrame && Boolean(user?.refresh_token);

  /**
   * The renewal itself runs on a manager of its own with a store of its own: nothing it brings touches the real store before
   * it was checked, and a failure touches nothing at all.
   * @param {User | null} user
   */
  const obtain = async (user) => {
    const metadata = await metadataOf();
    if (verify) await within(1, manager.metadataService.getSigningKeys()); // now: a rotating refresh token is not asked for twice
    const shadow = shadowOf(metadata, {});
    if (user) await shadow.storeUser(user); // storing nobody would throw the DPoP key away
    const nonce = random();
    const next = await within(3, shadow.signinSilent({ nonce, forceIframeAuth: forceFrame }));
    if (!next) throw refused("invalid_response", "no user came of the renewal");
    await check(next, user, usesRefreshToken(user) ? undefined : nonce, metadata.issuer);
    await addUserInfo(next).catch((error) => {
      if (!user || classify(error).class === "refused") throw error;
      next.profile = { ...user.profile, ...next.profile }; // the tokens are good, and what userinfo said before still stands
    });
    return next;
  };

  /** How long one request of a renewal may take. */
  const inTime = () => AbortSignal.timeout(timeoutInSeconds * 1000);
  const lease = 8000 * timeoutInSeconds; // milliseconds; longer than all requests of a renewal together

  /**
   * The library waits as long as it takes for discovery and keys, and for the rest of an answer that has begun.
   * @template T @param {number} requests @param {Promise<T>} work @returns {Promise<T>}
   */
  const within = (requests, work) => new Promise((resolve, reject) => {
    const seconds = requests * timeoutInSeconds;
    const timeout = setTimeout(() => reject(new ErrorTimeout(`no answer from ${settings.authority} within ${seconds} s`)), seconds * 1000);
    work.finally(() => clearTimeout(timeout)).then(resolve, reject);
  });

  const metadataOf = async () => {
    const metadata = await within(1, manager.metadataService.getMetadata());
    if (metadata.token_endpoint) origins.add(new URL(metadata.token_endpoint).origin);
    return metadata;
  };
  /** Where the provider answers. */
  const origins = new Set([new URL(settings.authority).origin]);

  /** @param {Partial<import("oidc-client-ts").OidcMetadata>} metadata @param {object} changes */
  const shadowOf = (metadata, changes) =>
    new UserManager(
      /** @type {import("oidc-client-ts").UserManagerSettings} */ ({
        ...settings, metadata, userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
        automaticSilentRenew: false, monitorSession: false, silentRequestTimeoutInSeconds: timeoutInSeconds,
        requestTimeoutInSeconds: timeoutInSeconds, ...changes,
      }),
      undefined, undefined, hiddenFrames(settings, metadata, timeoutInSeconds, abort.signal));

  /**
   * Who is signed in at the provider, as far as a hidden frame can see? It is probably the browser that hides the cookie when the
   * provider is another site and no frame has ever worked in this session.
   * @returns {Promise<{user?: Person, hidden?: boolean}>}
   */
  const askWho = async () => {
    try {
      const shadow = shadowOf(await metadataOf(), { includeIdTokenInSilentRenew: false });
      const scope = settings.scope.split(" ").filter((value) => value === "openid" || value === "profile").join(" "); // a name to ask about
      const other = await within(3, shadow.signinSilent({ nonce: random(), scope, forceIframeAuth: true }));
      return other ? { user: { sub: other.profile.sub, name: other.profile.name } } : {};
    } catch (error) {
      if (classify(error).code !== "login_required") throw error;
      return { hidden: !known.framed && crossSite(new URL(settings.authority)) };
    }
  };

  /**
   * Throws unless the answer may replace what we have.
   * @param {User} next @param {User | null} before @param {string | undefined} nonce that was sent
   * @param {string | undefined} issuer
   */
  const check = async (next, before, nonce, issuer) => {
    if (!next.access_token) throw refused("invalid_response", "the answer has no access token");
    if (left(next) <= 0) throw refused("token_expired", "the new access token has expired already");
    const token = next.id_token ?? "";
    if (token === (before?.id_token ?? "")) return; // a refresh may come without a new ID token: the old one stands
    await measuring;
    const claims = claimsOf(token);
    checkIDToken(claims, {
      issuer, clientID: settings.client_id, nonce, now: Date.now() / 1000 + (offset ?? 0), skew: Math.max(clockSkewInSeconds, 1),
    });
    if (before?.id_token) checkContinuity(claims, claimsOf(before.id_token), nonce);
    if (verify) await verify(token, await keysFor(token)).catch((/** @type {unknown} */ error) => {
      throw refused("signature_invalid", `the signature of the ID token is wrong: ${error instanceof Error ? error.message : error}`);
    });
  };

  /** The provider's keys, fetched again when a token names a new one. @param {string} token */
  const keysFor = async (token) => {
    const { kid } = JSON.parse(fromBase64(token.split(".")[0] ?? ""));
    const keys = (await within(1, manager.metadataService.getSigningKeys())) ?? [];
    if (keys.some((key) => key.kid === kid)) return keys;
    manager.metadataService.resetSigningKeys();
    return (await within(1, manager.metadataService.getSigningKeys())) ?? [];
  };

  /** @param {User} unused @param {User | null} kept */
  const revoke = async (unused, kept) => {
    if (!unused.refresh_token || unused.refresh_token === kept?.refresh_token) return;
    const shadow = shadowOf(await metadataOf(), {});
    await shadow.storeUser(unused);
    await shadow.revokeTokens(["refresh_token"]).catch(() => {}); // it expires by itself too
  };

  // ---- Other tabs

  /** @param {"renewed" | "signedOut"} type */
  const say = (type) => {
    channel?.postMessage({ type, sub: current?.profile.sub });
  };

  /** @param {{type: string, sub?: string}} news */
  const hear = async ({ type, sub }) => {
    if (type === "active") {
      lastActive = Date.now();
      if (status.kind === "idle") tick();
    }
    if (type === "renewed") wake();
    if (type !== "signedOut" || !current || (sub && sub !== current.profile.sub)) return;
    leave(true);
    await forget();
  };

  // ---- Using the token

  /** @returns {Promise<string | undefined>} */
  const fresh = async () => {
    const patience = Date.now() + 3 * timeoutInSeconds * 1000;
    while (current) {
      if (status.kind === "userChanged") throw refused("user_changed", "another user is signed in");
      if (left() > Math.max(Math.min(minValidityInSeconds, lead()), 0)) return current.access_token;
      try {
        if (status.kind === "ended" || status.kind === "cookiesBlocked") throw new RenewalError({ class: "final", code: status.code, reason: status.reason });
        if (!navigator.onLine) throw new RenewalError({ class: "transient", code: "offline", reason: "the browser is offline" });
        if (flight || retryAt <= Date.now()) await renewOnce();
        else if (status.kind === "retrying" && (left() > 0 || retryAt > patience)) {
          throw new RenewalError({ class: "transient", code: status.code, reason: status.reason });
        } else await sleep(Math.min(retryAt - Date.now(), 1000));
      } catch (error) {
        if (left() > 0) return current?.access_token; // not renewed, but it lives
        if (classify(error).class !== "transient" || !navigator.onLine || retryAt > patience || Date.now() > patience) throw error;
      }
    }
    return undefined;
  };

  /** The nonces that resource servers want to see in proofs, by origin (RFC 9449 §9). @type {Map<string, string>} */
  const nonces = new Map();

  /** @param {Request} request @param {string | undefined} token @param {User | null} [user] */
  const withToken = async (request, token, user = current) => {
    if (!token || !user) return request;
    const { origin, pathname } = new URL(request.url);
    const nonce = nonces.get(origin);
    /** @returns {Promise<Record<string, string>>} */
    const usual = async () => (user.token_type?.toLowerCase() === "dpop"
      ? { Authorization: `DPoP ${token}`, DPoP: (await manager.dpopProof(origin + pathname, user, request.method, nonce)) ?? "" }
      : { Authorization: `Bearer ${token}` });
    const headers = new Headers(request.headers);
    new Headers((await present?.(request, user, nonce)) ?? (await usual())).forEach((value, name) => headers.set(name, value));
    return new Request(request, { headers });
  };

  /** Adds what userinfo says (OIDC Core §5.3). @param {User} user */
  const addUserInfo = async (user) => {
    if (!loadUserInfo) return;
    const url = await within(1, manager.metadataService.getUserInfoEndpoint());
    const ask = async () => fetch(await withToken(new Request(url, { signal: inTime() }), user.access_token, user));
    let answer = await ask();
    const nonce = answer.headers.get("DPoP-Nonce");
    if (answer.status === 401 && nonce) {
      nonces.set(new URL(url).origin, nonce);
      answer = await ask();
    }
    if (!answer.ok) throw new Error(`userinfo (${answer.status})`);
    const claims = await answer.json();
    if (claims.sub !== user.profile.sub) throw refused("sub_mismatch", "userinfo is about somebody else");
    user.profile = { ...user.profile, ...claims };
  };

  // ---- Beginning

  /** Somebody has signed in, at the top of the window. @param {User} user */
  const welcome = async (user) => {
    if (user.access_token === current?.access_token) return;
    const began = ++epoch; // what was under way belongs to the sign-in before
    const record = await recall();
    if (loadUserInfo) await addUserInfo(user).catch(() => {}); // or the next renewal brings it
    if (epoch !== began) return; // signed out again already
    known = record;
    // The frame did not see this session, and the top of the window did: now it is certain.
    const blocked = known.blocked !== undefined && known.blocked === user.profile.sid && !usesRefreshToken(user);
    take(user);
    if (loadUserInfo) await manager.storeUser(user);
    await remember(user, Math.max(left(user), 1));
    if (epoch !== began) return await retract(user);
    if (blocked) {
      become({ kind: "cookiesBlocked", certain: true, code: "login_required", reason: "the provider knows you, but not inside a frame" });
      tell("cookiesBlocked", { certain: true });
    }
    say("renewed");
    tick();
  };

  /** @returns {Promise<User | null>} */
  const begin = async () => {
    const began = epoch;
    running = true;
    manager.stopSilentRenew();
    channel = new BroadcastChannel(name);
    const end = new AbortController();
    const on = (/** @type {EventTarget} */ target, /** @type {string} */ type, /** @type {(event: any) => void} */ listener) =>
      target.addEventListener(type, listener, { signal: end.signal, passive: true });
    on(channel, "message", ({ data }) => void hear(data));
    for (const type of ["pageshow", "focus"]) on(window, type, wake);
    on(window, "online", () => {
      retryAt = 0;
      wake();
    });
    on(document, "visibilitychange", () => document.visibilityState === "visible" && wake());
    on(document, "resume", wake);
    for (const type of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]) on(window, type, move);
    undo = [
      () => end.abort(),
      () => channel?.close(),
      manager.events.addUserLoaded(welcome),
      manager.events.addUserUnloaded(() => leave(false)),
    ];
    measuring = measureClock();
    const user = await manager.getUser();
    const record = await recall();
    if (epoch !== began) return current; // stopped again, or somebody has signed in
    known = record;
    if (user) take(user);
    if (!user) return null;
    if (left() <= 0 && navigator.onLine) await renewOnce().catch(() => {});
    tick();
    return current;
  };

  // ---- The public part

  return Object.freeze({
    version,
    /** @returns {Status} */
    status: () => status,
    /** Who is signed in here, also with an expired token. @returns {User | null} */
    user: () => current,
    /** Seconds before the expiry at which the current token is renewed. */
    lead,
    /** Seconds the current token lived when it came. */
    lifetime: () => known.lifetime,

    /**
     * Calls the listener whenever it happens, until the returned function is called.
     * @template {keyof Events} K @param {K} type @param {(news: Events[K]) => void} listener
     */
    on: (type, listener) => listen(type, listener),

    /**
     * Begins to look after the user of the manager, if there is one. An expired token gets one silent attempt before this
     * resolves. @returns {Promise<User | null>} who is signed in, null when somebody has to sign in
     */
    start: () => (starting ??= begin()),

    /** Leaves the user alone from now on: no timer, no frame, no listener. What is in the store stays there. */
    stop: () => {
      running = false;
      starting = null;
      epoch++;
      abort.abort(gone());
      abort = new AbortController();
      clearTimeout(timer);
      for (const f of undo) f();
      undo = [];
      channel = null;
      current = null;
      status = { kind: "signedOut" };
    },

    /**
     * Renews now, whatever the time. Callers share one renewal. Rejects with a RenewalError.
     * @returns {Promise<User>}
     */
    renew: () => {
      if (stuck() && status.kind !== "userChanged") become({ kind: "ready" });
      retryAt = 0;
      return renewOnce();
    },

    /**
     * Asks the provider in a hidden frame who is signed in there, for instance when its session monitor says that something
     * changed: the same user (nothing happens), somebody else ("userChanged"), or nobody: then this user is signed out in all
     * tabs. A frame that cannot see the provider's cookie proves nothing.
     */
    checkSession: async () => {
      const began = epoch;
      const { user, hidden } = await askWho();
      if (epoch !== began || !current || hidden || user?.sub === current.profile.sub) return;
      if (user) return askAbout(user);
      say("signedOut");
      leave(true);
      await forget();
    },

    /**
     * The access token, renewed first when it has expired or is about to. Undefined when nobody is signed in; rejects with a
     * RenewalError when there is none to be had.
     * @returns {Promise<string | undefined>}
     */
    freshAccessToken: () => fresh(),

    /**
     * fetch with the token for the addresses in options.apis, and without for all others. Waits when the token is about to
     * expire; after a 401 renews once and asks once more.
     * @param {RequestInfo | URL} input @param {RequestInit} [init]
     */
    fetch: async (input, init) => {
      const request = new Request(input, init);
      if (!apis.some((root) => isBelow(request.url, root))) return fetch(request);
      const again = request.clone();
      const whose = current?.profile.sub;
      const token = await Promise.race([fresh().catch(() => undefined), aborted(request.signal)]);
      const end = new AbortController(); // nobody sees an answer to somebody who has signed out meanwhile
      const stop = listen("signedOut", () => end.abort(new DOMException("signed out", "AbortError")));
      const signal = AbortSignal.any([request.signal, end.signal]);
      const same = () => { // what one user began is not done, nor shown, in the name of another
        if (whose !== undefined && current?.profile.sub !== whose) throw new DOMException("somebody else is signed in", "AbortError");
      };
      const send = async (/** @type {Request} */ one, /** @type {string | undefined} */ bearer) => {
        same();
        const answer = await fetch(await withToken(one, bearer), { signal });
        signal.throwIfAborted();
        same();
        const nonce = answer.headers.get("DPoP-Nonce");
        if (nonce) nonces.set(new URL(one.url).origin, nonce);
        return { answer, nonce };
      };
      try {
        let { answer, nonce } = await send(request, token);
        if (answer.status === 401 && nonce) ({ answer } = await send(again.clone(), token)); // RFC 9449 §9
        if (answer.status !== 401 || !token) return answer;
        if (current?.access_token === token) {
          if (stuck() || retryAt > Date.now()) return answer;
          await renewOnce().catch(() => {});
        }
        if (!current || current.access_token === token || left() <= 0) return answer;
        return (await send(again, current.access_token)).answer;
      } finally {
        stop();
      }
    },

    /**
     * Signs out here and in the other tabs, then at the provider. A renewal under way loses.
     * @param {Parameters<UserManager["signoutRedirect"]>[0]} [args]
     */
    signOut: async (args) => {
      const user = await manager.getUser();
      say("signedOut");
      leave(false);
      await forget();
      if (user) await Promise.race([revoke(user, null).catch(() => {}), new Promise((done) => setTimeout(done, 2000))]);
      await manager.signoutRedirect({ ...(user?.id_token && { id_token_hint: user.id_token }), ...args });
    },

    /**
     * Answers "userChanged": whether to go on as the user who is there now.
     * @param {boolean} accept
     * @returns {Promise<boolean>} whether it goes on by itself. If not, this tab is signed out: call manager.signinRedirect(), with
     * prompt: "login" to come back as the one before.
     */
    resolveUser: async (accept) => {
      const stored = await manager.getUser();
      if (accept && stored && current && stored.profile.sub !== current.profile.sub) {
        epoch++;
        known = await recall();
        take(stored);
        await load(stored);
        tick();
        return true;
      }
      const own = current !== null && stored?.profile.sub === current.profile.sub;
      declined = own ? "" : (stored?.profile.sub ?? "");
      leave(false);
      if (own) await forget();
      else await manager.events.unload(); // what is in the store is another tab's
      return false;
    },
  });
};

// ---- What an answer must be to replace what we have (OIDC Core §3.1.3.7, §12.2)

const gone = () => refused("signed_out", "signed out while the renewal was under way");

/** @param {string} code @param {string} reason @param {Person} [user] */
const refused = (code, reason, user) => new RenewalError({ class: "refused", code, reason }, { user });

/**
 * @param {Record<string, any>} claims
 * @param {{issuer: string | undefined, clientID: string, nonce: string | undefined, now: number, skew: number}} want nonce undefined when none was sent
 */
const checkIDToken = (claims, { issuer, clientID, nonce, now, skew }) => {
  const audience = [claims.aud].flat();
  if (claims.iss !== issuer) throw refused("issuer_mismatch", `the ID token was issued by ${claims.iss}`);
  if (!audience.includes(clientID)) throw refused("audience_mismatch", `the ID token is for ${audience}`);
  if (audience.length > 1 && !claims.azp) throw refused("audience_mismatch", "the ID token has several audiences and no azp");
  if (claims.azp !== undefined && claims.azp !== clientID) throw refused("azp_mismatch", `the ID token was made for ${claims.azp}`);
  if (!(claims.exp > now - skew)) throw refused("id_token_expired", "the ID token has expired");
  if (!(claims.iat < now + skew)) throw refused("id_token_from_the_future", "the ID token was issued in the future");
  if (nonce !== undefined && claims.nonce !== nonce) throw refused("nonce_mismatch", "the ID token answers another request");
};

/**
 * What a renewal may not change. @param {Record<string, any>} claims @param {Record<string, any>} old
 * @param {string | undefined} nonce that was sent; a refresh token sends none
 */
const checkContinuity = (claims, old, nonce) => {
  const same = (/** @type {string} */ claim) => claims[claim] === undefined || old[claim] === undefined || claims[claim] === old[claim];
  if (claims.sub !== old.sub) throw refused("sub_mismatch", "the ID token is about somebody else", { sub: claims.sub, name: claims.name });
  // The same user may have signed in anew: then both move together, and forward. A refresh token belongs to one sign-in.
  const anew = nonce !== undefined && !same("sid") && claims.auth_time > old.auth_time;
  if (!anew && !same("auth_time")) throw refused("auth_time_mismatch", "the time of the sign-in has changed");
  if (!anew && !same("sid")) throw refused("sid_mismatch", "the session has changed");
  if (nonce === undefined && claims.nonce !== undefined && claims.nonce !== old.nonce) throw refused("nonce_mismatch", "the nonce has changed");
};

// ---- The hidden frame

/**
 * Opens the library's silent authorization requests.
 * @param {import("oidc-client-ts").UserManagerSettingsStore} settings @param {Partial<import("oidc-client-ts").OidcMetadata>} metadata
 * @param {number} seconds to wait for an answer @param {AbortSignal} signal @returns {import("oidc-client-ts").INavigator}
 */
const hiddenFrames = (settings, metadata, seconds, signal) => ({
  prepare: async () => {
    const frame = document.createElement("iframe");
    frame.hidden = true;
    frame.setAttribute("aria-hidden", "true");
    const timeout = new ErrorTimeout(
      `no answer from the hidden frame within ${seconds} s: the provider is slow or down, ${settings.silent_redirect_uri} is not registered, ` +
      "or a login or error page is shown in the frame (X-Frame-Options, frame-ancestors)");
    return {
      navigate: async (params) => {
        const end = new AbortController();
        const timer = setTimeout(() => end.abort(timeout), seconds * 1000);
        try {
          return await answerIn(frame, params, metadata, AbortSignal.any([signal, end.signal]));
        } catch (error) {
          if (params.state) await settings.stateStore.remove(params.state);
          throw error;
        } finally {
          clearTimeout(timer);
          frame.remove();
        }
      },
      close: () => frame.remove(),
    };
  },
  callback: async () => {},
});

/**
 * @param {HTMLIFrameElement} frame @param {import("oidc-client-ts").NavigateParams} params
 * @param {Partial<import("oidc-client-ts").OidcMetadata>} metadata @param {AbortSignal} signal @returns {Promise<{url: string}>}
 */
const answerIn = (frame, { url, state, response_mode, scriptOrigin = location.origin }, metadata, signal) =>
  new Promise((resolve, reject) => {
    const provider = new URL(url).origin;
    const heard = new AbortController();
    /** @param {unknown} reason */
    const fail = (reason) => {
      heard.abort();
      reject(reason);
    };
    if (signal.aborted) return fail(signal.reason);
    signal.addEventListener("abort", () => fail(signal.reason), { signal: heard.signal });
    addEventListener("message", ({ source, origin, data }) => {
      if (source !== frame.contentWindow) return;
      if (origin === provider && typeof data?.error === "string" && data.type) {
        // A provider that says why it shows an error page instead of coming back.
        return fail(new RenewalError({ class: "final", code: data.error, reason: String(data.error_description ?? data.error).slice(0, 500) }));
      }
      if (origin !== scriptOrigin || data?.source !== "oidc-client" || typeof data.url !== "string") return;
      const answer = new URL(data.url, location.href);
      const values = new URLSearchParams(response_mode === "fragment" ? answer.hash.slice(1) : answer.search);
      if (values.get("state")?.split(";")[0] !== state) return fail(refused("state_mismatch", "the answer in the frame belongs to another request"));
      const iss = values.get("iss"); // RFC 9207 §2.4
      const must = /** @type {any} */ (metadata).authorization_response_iss_parameter_supported === true;
      if ((must || iss) && iss !== metadata.issuer) return fail(refused("issuer_mismatch", `the answer in the frame names the issuer ${iss}`));
      heard.abort();
      resolve({ url: data.url });
    }, { signal: heard.signal });
    frame.src = url;
    document.body.append(frame);
  });

// ---- What else needs no state

/**
 * Whether url is root or below it. https://api.example.evil.test is not below https://api.example, although it begins with it.
 * @param {string} url absolute @param {string} root
 */
const isBelow = (url, root) => {
  const { origin, pathname } = new URL(root, location.href);
  const asked = new URL(url);
  return asked.origin === origin && (asked.pathname === pathname || asked.pathname.startsWith(pathname.endsWith("/") ? pathname : `${pathname}/`));
};

/** Resolves when somebody has given up. @param {AbortSignal} signal @returns {Promise<undefined>} */
const aborted = (signal) => new Promise((done) => (signal.aborted ? done(undefined) : signal.addEventListener("abort", () => done(undefined), { once: true })));

const sleep = (/** @type {number} */ milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const fromBase64 = (/** @type {string} */ url) => atob(url.replaceAll("-", "+").replaceAll("_", "/"));

/** What an ID token says, not verified. @param {string} token @returns {Record<string, any>} */
const claimsOf = (token) => {
  try {
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(fromBase64(token.split(".")[1] ?? ""), (c) => c.charCodeAt(0))));
  } catch {
    throw refused("invalid_response", "the ID token cannot be read");
  }
};

/**
 * Whether the provider is another site than this page, so that browsers may hide its cookie from a frame. Ports do not
 * matter, schemes do; without the list of public suffixes the last two labels must do for the site.
 * @param {URL} provider
 */
const crossSite = (provider) => {
  if (provider.protocol !== location.protocol) return true;
  if (provider.hostname === location.hostname) return false;
  const site = (/** @type {string} */ host) => (/^[\d.]+$|:/.test(host) ? host : host.split(".").slice(-2).join("."));
  return site(provider.hostname) !== site(location.hostname);
};

/** @typedef {(response: Response, method: string) => void} Watcher */
/** @type {Set<Watcher>} */
const watchers = new Set();
let unwatch = () => {};

/**
 * oidc-client-ts keeps status and headers of the provider's answers to itself, and they say whether and when to try again.
 * While work runs, fetch is watched for answers; nothing about them is changed.
 * @template T @param {Watcher} saw @param {() => Promise<T>} work @returns {Promise<T>}
 */
const withAnswers = async (saw, work) => {
  if (watchers.size === 0) unwatch = watchFetch();
  watchers.add(saw);
  try {
    return await work();
  } finally {
    watchers.delete(saw);
    if (watchers.size === 0) unwatch();
  }
};

const watchFetch = () => {
  const original = globalThis.fetch;
  /** @type {typeof fetch} */
  const watching = async (input, init) => {
    const response = await original(input, init);
    for (const saw of watchers) saw(response, init?.method ?? "GET");
    return response;
  };
  globalThis.fetch = watching;
  return () => {
    if (globalThis.fetch === watching) globalThis.fetch = original; // somebody else's replacement stays
  };
};

// ---- The lock of all tabs

/** @type {Promise<IDBDatabase> | undefined} */
let database;

/**
 * The last record that any tab has written, in IndexedDB.
 * @template T @param {IDBTransactionMode} mode @param {(written: IDBObjectStore) => IDBRequest<T>} use
 * @returns {Promise<T | undefined>} undefined where the browser has no database for us
 */
const ledger = async (mode, use) => {
  try {
    database ??= new Promise((resolve, reject) => {
      const opening = indexedDB.open("renew", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("written");
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    const transaction = (await database).transaction("written", mode);
    return await new Promise((resolve, reject) => {
      const request = use(transaction.objectStore("written"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } catch {
    return undefined;
  }
};

/**
 * Lets one tab of this origin do the work at a time. Without Web Locks (an insecure context, an old browser) a lease in the
 * ledger does it, where read-write transactions of all tabs run one after the other. It ends by itself when its tab has crashed.
 * @template T @param {string} name @param {number} lease milliseconds @param {AbortSignal} signal gives up waiting
 * @param {() => Promise<T>} work @returns {Promise<T>}
 */
const exclusively = async (name, lease, signal, work) => {
  if (navigator.locks) return /** @type {Promise<T>} */ (navigator.locks.request(name, { signal }, work));
  const key = `${name}:lease`;
  const owner = random();
  for (;;) {
    signal.throwIfAborted();
    let taken = false;
    const asked = await ledger("readwrite", (store) => {
      const reading = store.get(key);
      reading.onsuccess = () => {
        taken = !reading.result || reading.result.until < Date.now();
        if (taken) store.put({ owner, until: Date.now() + lease }, key);
      };
      return store.count();
    });
    if (taken) break;
    if (asked === undefined) return work(); // this browser keeps nothing, so there is nothing to fight over
    await sleep(50 + Math.random() * 50);
  }
  try {
    return await work();
  } finally {
    await ledger("readwrite", (store) => {
      const reading = store.get(key);
      reading.onsuccess = () => void (reading.result?.owner === owner && store.delete(key));
      return reading;
    });
  }
};

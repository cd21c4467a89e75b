/**
 * oidc-client-ts's UserManager with what the article's library did by itself: a nonce in every authorization request (OIDC
 * Core §3.1.2.1; the successor sends one only when told to), and a word when a renewal begins. And what the strategies that
 * keep tokens in the browser have in common: how a manager is built, and what happens on the two callback pages.
 * @module user-manager
 */

import { ErrorTimeout, UserManager } from "oidc-client-ts";
import { correlationHeader, correlationID } from "./correlation.js";
import { codeOf, messageOf } from "./oidc-error.js";
import { emit } from "./page-events.js";
import { monitor } from "./session-monitor.js";
import { forLibrary } from "./settings.js";

/** @typedef {import("oidc-client-ts").User} User */

const nonce = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

export class TracedUserManager extends UserManager {
  /** @override @type {UserManager["signinRedirect"]} */
  async signinRedirect(args) {
    return await super.signinRedirect({ nonce: nonce(), ...args });
  }

  /** @override @type {UserManager["signinSilent"]} */
  async signinSilent(args) {
    emit("silent_renew.started", { parameters: { prompt: "none", redirect_uri: this.settings.silent_redirect_uri } });
    try {
      return await super.signinSilent({ nonce: nonce(), ...args });
    } catch (error) {
      // The library retries a time-out every five seconds without telling anybody.
      if (error instanceof ErrorTimeout) {
        emit("silent_renew.error", { outcome: "timeout", reason: "no answer from the hidden frame; trying again in 5 s" });
      }
      throw error;
    }
  }

  /** @override @type {UserManager["querySessionStatus"]} */
  async querySessionStatus(args) {
    if (monitor.exhausted()) {
      emit("session.changed", { outcome: "loop", reason: "the check-session frame keeps saying changed and the user is the same: no more questions" });
      return await new Promise(() => {}); // the library has stopped its timer and waits for us before it starts another
    }
    return await super.querySessionStatus({ nonce: nonce(), ...args });
  }
}

/** @param {import("./settings.js").Settings} settings @param {Partial<import("oidc-client-ts").UserManagerSettings>} [more] */
export const newManager = (settings, more = {}) =>
  new TracedUserManager({
    ...forLibrary(settings), ...more,
    // Evaluated for every request, so that each carries the id of its own renewal.
    extraQueryParams: { get correlation_id() { return correlationID(); } },
    extraHeaders: { [correlationHeader]: correlationID },
  });

/**
 * The user without the refresh token, which is revoked: for a strategy that does not use it.
 * @param {UserManager} manager @param {User | null} user
 */
export const withoutRefreshToken = async (manager, user) => {
  if (!user?.refresh_token) return user;
  await manager.storeUser(user);
  await manager.revokeTokens(["refresh_token"]).catch(() => {}); // it expires by itself too
  user.refresh_token = undefined;
  return user;
};

/** Takes away the session monitor's frame, which the library leaves. @param {UserManager} manager */
export const removeFrames = (manager) =>
  void manager.metadataService.getCheckSessionIframe().then((url) => {
    for (const frame of document.querySelectorAll("iframe")) if (url && frame.src === url) frame.remove();
  }, () => {});

/**
 * Finishes the sign-in on the callback page.
 * @param {UserManager} manager
 * @param {(user: User) => void} become hears of the user before anybody else
 * @returns {Promise<string>} the path to go on to
 */
export const finishLogin = async (manager, become) => {
  const url = location.href;
  history.replaceState(history.state, "", location.pathname); // the code is used once: Back must not bring it up again
  const user = await manager.signinRedirectCallback(url);
  become(user);
  emit("callback.signin", { parameters: { sub: user.profile.sub } });
  const returnTo = /** @type {{returnTo?: unknown} | undefined} */ (user.state)?.returnTo;
  return typeof returnTo === "string" && /^\/(?![/\\])/.test(returnTo) ? returnTo : "/";
};

/**
 * Finishes the sign-out: the user is cleared first, then everybody hears of it, then the response is processed.
 * @param {UserManager} manager
 * @param {() => void} cleared tells everybody
 */
export const finishLogout = async (manager, cleared) => {
  const url = location.href;
  history.replaceState(history.state, "", location.pathname);
  await manager.removeUser();
  cleared();
  try {
    await manager.signoutRedirectCallback(url);
    emit("callback.signout");
  } catch (error) {
    emit("callback.signout", { outcome: codeOf(error), reason: messageOf(error) });
  }
};

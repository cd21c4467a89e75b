/**
 * oidc-client-ts's UserManager with two things the article's library did by itself: a nonce in every authorization
 * request (OIDC Core §3.1.2.1; the successor sends one only when told to), and a word when a renewal begins.
 * @module user-manager
 */

import { ErrorTimeout, UserManager } from "oidc-client-ts";
import { emit } from "./page-events.js";

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
    return await super.querySessionStatus({ nonce: nonce(), ...args });
  }
}

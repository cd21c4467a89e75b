/**
 * Renewal by renew.js: "iframe" asks the provider in a hidden frame with prompt=none, "refresh" exchanges a refresh token
 * that rotates. Both hand their tokens to the page; renew.js decides when.
 * @module strategy-renew
 */

import { IndexedDbDPoPStore } from "oidc-client-ts";
import { presentTo } from "./bound-token.js";
import { nextCorrelation } from "./correlation.js";
import { emit, identify } from "./page-events.js";
import { config } from "./config.js";
import { createRenewal } from "./renew.js";
import { currentSettings } from "./settings.js";
import { finishLogin, finishLogout, newManager, removeFrames, withoutRefreshToken } from "./user-manager.js";

/** @typedef {import("oidc-client-ts").User} User */

/** Checks the signature of an ID token; jose is loaded when the first renewal needs it. @param {string} token @param {any[]} keys */
const verify = async (token, keys) => {
  const [{ compactVerify }, { createLocalJWKSet }] = await Promise.all([import("jose/jws/compact/verify"), import("jose/jwks/local")]);
  await compactVerify(token, createLocalJWKSet({ keys }));
};

/**
 * @param {string} name "iframe" or "refresh"
 * @param {import("./strategy.js").Host} host
 * @param {User | null} handedOver
 * @returns {import("./strategy.js").Strategy}
 */
export const create = (name, host, handedOver) => {
  const refresh = name === "refresh";
  /** @type {import("./settings.js").Settings} */
  const settings = { ...currentSettings(), automaticSilentRenew: false };
  if (refresh) {
    settings.scope = `${settings.scope} offline_access`;
    settings.userStore = "local"; // one refresh token, shared by all tabs: a rotating one must not be copied
  }
  const dpop = refresh && settings.dpop === true;
  const manager = newManager(settings, dpop
    ? { dpop: { store: new IndexedDbDPoPStore(), bind_authorization_code: true }, loadUserInfo: false } // renew.js fetches it with a proof
    : {});
  const renewal = createRenewal(manager, {
    apis: [`${config.api}/api/`, `${location.origin}/`],
    forceFrame: !refresh,
    leadInSeconds: manager.settings.accessTokenExpiringNotificationTimeInSeconds,
    loadUserInfo: dpop && settings.loadUserInfo === true,
    idleLimitInSeconds: Number(settings.idleLimitInSeconds ?? 0),
    timeoutInSeconds: manager.settings.silentRequestTimeoutInSeconds,
    verify,
    present: dpop ? presentTo(manager) : undefined,
  });
  /** @type {(() => void)[]} */
  const stops = [];

  const listen = () => {
    /** The condition that the status means to the user. @param {import("./renew.js").Status} status @returns {import("./strategy.js").Condition | null} */
    const conditionOf = (status) => {
      switch (status.kind) {
        case "ready":
        case "signedOut":
          return null;
        case "retrying":
          return { ...status, at: status.at / 1000 };
        case "userChanged":
          return { kind: "userChanged", sub: status.user.sub, name: status.user.name ?? status.user.sub };
        case "renewing":
        case "offline":
        case "idle":
          return { kind: status.kind };
        default:
          return status;
      }
    };
    stops.push(
      renewal.on("status", (status) => host.condition(conditionOf(status))),
      renewal.on("expiring", () => {
        nextCorrelation(); // the renewal that begins now is a story of its own
        emit("access_token.expiring", { parameters: { expires_in: renewal.user()?.expires_in, lead: Math.round(renewal.lead()) } });
      }),
      renewal.on("renewing", ({ attempt }) => emit("silent_renew.started", { parameters: { strategy: name, attempt } })),
      renewal.on("retrying", ({ code, reason, attempt }) => emit("silent_renew.error", { outcome: code, reason, parameters: { class: "transient", attempt } })),
      renewal.on("failed", ({ class: kind, code, reason }) => emit("silent_renew.error", { outcome: code, reason, parameters: { class: kind } })),
      renewal.on("expired", () => {
        emit("access_token.expired");
        host.expired();
      }),
      renewal.on("signedOut", ({ elsewhere }) => emit("user.signed_out", { reason: elsewhere ? "signed out in another tab" : "signed out here" })),
      renewal.on("userChanged", ({ user }) => emit("user.changed", { parameters: { other: user.sub } })),
      renewal.on("clockSkew", ({ offsetInSeconds }) => {
        emit("clock.skewed", { parameters: { offset: offsetInSeconds } });
        host.clock(offsetInSeconds || null);
      }),
    );
  };
  /** @type {User | null} */
  let seen = null;
  /** After renew.js, which must have heard of the user when we ask it. */
  const follow = () =>
    stops.push(
      manager.events.addUserLoaded((user) => {
        const renewed = seen !== null && seen.profile.sub === user.profile.sub && seen.access_token !== user.access_token;
        seen = user;
        host.changed(renewed);
      }),
      manager.events.addUserSignedOut(async () => {
        const known = renewal.status().kind !== "ready"; // a renewal has said so before
        emit("user.signed_out", { reason: "the provider's session ended or changed hands" });
        if (!known) await renewal.checkSession(); // the frame may be blind; the provider says who is there
      }),
      manager.events.addUserSessionChanged(() => emit("session.changed")),
      manager.events.addUserUnloaded(() => {
        seen = null;
        emit("user.unloaded");
        identify({});
        host.changed(false);
      }),
    );

  return {
    start: async () => {
      listen();
      // A token that is bound to a key is of no use without it.
      const usable = handedOver && (dpop || handedOver.token_type !== "DPoP");
      if (usable) await manager.storeUser(refresh ? handedOver : await withoutRefreshToken(manager, handedOver));
      await renewal.start();
      follow();
      seen = renewal.user();
      host.changed(false);
      // A token of another strategy came without a refresh token. The hidden frame may fetch one without a new sign-in.
      if (refresh && seen && !seen.refresh_token && renewal.status().kind === "ready") void renewal.renew().catch(() => {});
    },
    stop: async (next) => {
      // What a renewal under way brings is for the next strategy: with rotation, what we have is worth nothing any more.
      if (renewal.status().kind === "renewing") await renewal.renew().catch(() => {});
      const user = next ? renewal.user() : await withoutRefreshToken(manager, renewal.user());
      for (const stop of stops) stop();
      renewal.stop();
      // Not storeUser(null): it would throw the key away that the next one needs for a bound token.
      if (user && next) await manager.settings.userStore.remove(`user:${manager.settings.authority}:${manager.settings.client_id}`);
      else if (user) await manager.storeUser(null);
      await manager.events.unload();
      removeFrames(manager);
      return next ? user : null;
    },
    session: () => renewal.user(),
    isLoggedIn: () => {
      const user = renewal.user();
      const { kind } = renewal.status();
      return user !== null && (!user.expired || (kind !== "ended" && kind !== "cookiesBlocked" && kind !== "signedOut"));
    },
    lead: () => renewal.lead(),
    automatic: () => true,
    login: (returnTo, loginHint) => manager.signinRedirect({ state: returnTo ? { returnTo } : undefined, ...(loginHint && { login_hint: loginHint }) }),
    finishLogin: () => finishLogin(manager, () => {}),
    logout: () => renewal.signOut({ state: { from: location.pathname } }),
    finishLogout: () => finishLogout(manager, host.signedOut),
    adopt: async (user) => {
      await manager.storeUser(user);
      await manager.events.load(user);
    },
    renew: () => renewal.renew(),
    expire: async () => {
      const user = renewal.user();
      if (!user) return;
      user.expires_at = Math.floor(Date.now() / 1000) - 1;
      await manager.storeUser(user);
    },
    resolveUser: async (accept) => {
      if (await renewal.resolveUser(accept)) return;
      await manager.signinRedirect(accept ? {} : { prompt: "login" });
    },
    send: (url, init) => renewal.fetch(url, init),
    settings: () => manager.settings,
  };
};

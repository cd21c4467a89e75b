/**
 * The article's way: oidc-client-ts alone. Its own automaticSilentRenew renews in a hidden frame when it is switched on, so
 * its 60-second loop is the real one. The strategy "none" is the same with the switch held off.
 * @module strategy-article
 */

import { ErrorTimeout } from "oidc-client-ts";
import { nextCorrelation } from "./correlation.js";
import { codeOf, messageOf } from "./oidc-error.js";
import { emit, identify } from "./page-events.js";
import { monitor } from "./session-monitor.js";
import { currentSettings } from "./settings.js";
import { finishLogin, finishLogout, newManager, removeFrames, withoutRefreshToken } from "./user-manager.js";

/** @typedef {import("oidc-client-ts").User} User */

/**
 * @param {string} name "article" or "none"
 * @param {import("./strategy.js").Host} host
 * @param {User | null} handedOver
 * @returns {import("./strategy.js").Strategy}
 */
export const create = (name, host, handedOver) => {
  const settings = currentSettings();
  if (name === "none") settings.automaticSilentRenew = false;
  const manager = newManager(settings);
  /** @type {User | null} */
  let current = null;
  let stopped = false;
  /** Whether the provider answered the last renewal with login_required: its session is over, our token is not. */
  let providerForgot = false;
  const events = manager.events;

  /** @param {User} loaded */
  const become = (loaded) => {
    if (loaded === current) return;
    const renewed = current !== null && current.access_token !== loaded.access_token;
    current = loaded;
    providerForgot = false;
    host.changed(renewed);
  };

  /** @param {unknown} error */
  const renewFailed = (error) => {
    providerForgot = codeOf(error) === "login_required";
    emit("silent_renew.error", { outcome: codeOf(error), reason: messageOf(error) });
    host.failed("renew", error);
  };

  const registered = [
    events.addUserLoaded(become),
    events.addUserUnloaded(() => {
      current = null;
      emit("user.unloaded");
      identify({});
      host.changed(false);
    }),
    events.addAccessTokenExpiring(() => {
      if (manager.settings.automaticSilentRenew) nextCorrelation(); // the renewal that begins now is a story of its own
      emit("access_token.expiring", { parameters: { expires_in: current?.expires_in, lead: manager.settings.accessTokenExpiringNotificationTimeInSeconds } });
    }),
    events.addAccessTokenExpired(() => {
      emit("access_token.expired");
      host.expired();
    }),
    events.addSilentRenewError((error) => {
      if (!(error instanceof ErrorTimeout)) renewFailed(error);
    }),
  ];
  events.addUserSignedOut(async () => {
    if (stopped) return;
    if (providerForgot || !monitor.trusted(current?.profile.sid)) {
      // A renewal has already said so, or the provider's frame never saw a session at all. No news of a sign-out then:
      // the token is good until its exp, and the page with it.
      emit("user.signed_out", { reason: "the provider no longer knows the user; the access token lives until its exp" });
      return;
    }
    emit("user.signed_out", { reason: "the provider's session ended or changed hands" });
    await manager.removeUser();
  });
  events.addUserSessionChanged(() => {
    if (!stopped) emit("session.changed");
  });
  if (manager.settings.automaticSilentRenew) {
    // The library put its own listener first; ours must hear "expiring" before the renewal it leads to.
    manager.stopSilentRenew();
    manager.startSilentRenew();
  }

  return {
    start: async () => {
      if (handedOver) {
        await manager.storeUser(await withoutRefreshToken(manager, handedOver));
        await manager.getUser(true); // sets the timers by the new lead and lets the session monitor start
        return;
      }
      const user = await manager.getUser();
      if (user) become(user);
      else host.changed(false);
    },
    stop: async (next) => {
      const user = await manager.getUser();
      stopped = true;
      manager.stopSilentRenew();
      for (const remove of registered) remove();
      // A renewal may be under way: what it brings belongs to whoever is in charge by then.
      events.addUserLoaded(async (late) => {
        await events.unload();
        await manager.storeUser(null);
        if (next) await host.late(late);
      });
      void events.unload();
      removeFrames(manager);
      if (user) await manager.storeUser(null); // it may move from one storage to the other
      return next ? user : null;
    },
    session: () => current,
    isLoggedIn: () => current !== null && !current.expired,
    lead: () => manager.settings.accessTokenExpiringNotificationTimeInSeconds,
    automatic: () => manager.settings.automaticSilentRenew,
    login: (returnTo, loginHint) => manager.signinRedirect({ state: returnTo ? { returnTo } : undefined, ...(loginHint && { login_hint: loginHint }) }),
    finishLogin: () => finishLogin(manager, become),
    logout: () => manager.signoutRedirect({ state: { from: location.pathname } }), // without data the library sends no state
    finishLogout: () => finishLogout(manager, host.signedOut),
    adopt: async (user) => {
      await manager.storeUser(user);
      await events.load(user);
    },
    renew: async () => {
      try {
        return await manager.signinSilent();
      } catch (error) {
        if (!(error instanceof ErrorTimeout)) renewFailed(error);
        throw error;
      }
    },
    expire: async () => {
      if (!current) return;
      current.expires_at = Math.floor(Date.now() / 1000) - 1;
      await manager.storeUser(current);
      await events.load(current, false); // the library raises "expired" within a second and no longer "expiring"
    },
    send: (url, init) => {
      const headers = new Headers(init.headers);
      if (current && !current.expired) headers.set("Authorization", `Bearer ${current.access_token}`); // an expired one is never sent
      return fetch(url, { ...init, headers });
    },
    settings: () => manager.settings,
  };
};

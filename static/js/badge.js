/**
 * The token badge in the header: how long the access token still lives, how often it was renewed, what happened last.
 * @module badge
 */

import { onCondition, onTokenChanged, renewsByItself } from "./auth.js";
import { announce, must, setText } from "./dom.js";
import { countdown } from "./format.js";
import { onPageEvent } from "./page-events.js";
import { drawRing } from "./ring.js";
import { sessionStore } from "./storage.js";
import { tokenState } from "./token-state.js";

const key = "silentrenew.renewals";

/** What the kinds of events mean to a human. */
const words = /** @type {Record<string, string>} */ ({
  "user.loaded": "token received",
  "user.unloaded": "signed out",
  "access_token.expiring": "about to expire",
  "access_token.expired": "expired",
  "silent_renew.started": "renewing …",
  "silent_renew.error": "renewal failed",
  "user.signed_out": "provider signed out",
  "session.changed": "session changed",
  "callback.signin": "signed in",
  "callback.signout": "signed out",
  "settings.changed": "settings changed",
  "renew.loop_warning": "renewing in a loop",
  "frame.error": "frame refused",
  "user.changed": "another user",
  "clock.skewed": "clock is wrong",
});

/** Starts the badge. */
export const startBadge = () => {
  const badge = must(document, "#token-badge", HTMLElement);
  const ring = must(badge, ".Ring", Element);
  const time = must(badge, ".Badge-time", HTMLElement);
  const state = must(badge, ".Badge-state", HTMLElement);
  const count = must(badge, "[data-count]", HTMLElement);
  const last = must(badge, ".Badge-last", HTMLElement);
  let renewals = Number(sessionStore.getItem(key) ?? 0);

  const draw = () => {
    const token = tokenState();
    badge.dataset.state = token.state;
    badge.dataset.renewals = String(renewals);
    if (token.expiresAt) badge.dataset.expiresAt = String(token.expiresAt);
    else delete badge.dataset.expiresAt;
    drawRing(ring, token.state, token.total ? token.left / token.total : 0);
    setText(time, token.state === "none" ? "–" : token.state === "expired" ? "0 s" : countdown(token.left));
    setText(state, conditionWords[badge.dataset.renewal ?? ""] ?? stateWord(token.state));
    setText(count, String(renewals));
  };

  const remember = (/** @type {number} */ value) => {
    renewals = value;
    sessionStore.setItem(key, String(renewals));
  };

  onPageEvent(({ kind, outcome, parameters }) => {
    if (kind === "login.changed") return; // the menu says so
    badge.dataset.lastEvent = kind;
    if (kind === "callback.signin" || kind === "user.unloaded") remember(0);
    if (kind === "user.loaded" && parameters?.renewed === "true") {
      remember(renewals + 1);
      badge.classList.remove("Badge--renewed");
      void badge.offsetWidth; // lets the animation start over
      badge.classList.add("Badge--renewed");
    }
    const renewed = kind === "user.loaded" && parameters?.renewed === "true";
    const message = renewed ? "renewed" : (words[kind] ?? kind);
    setText(last, outcome && outcome !== "ok" ? `${message}: ${outcome}` : message);
    if (kind === "access_token.expired" || kind === "silent_renew.error") announce(`Access token: ${last.textContent}`);
    draw();
  });
  onTokenChanged(draw);
  onCondition((condition) => {
    badge.dataset.renewal = condition?.kind ?? "";
    draw();
  });
  setInterval(draw, 1000);
  draw();
};

/** What the renewal is doing, where that says more than the state of the token. @type {Record<string, string>} */
const conditionWords = {
  renewing: "renewing …",
  retrying: "retrying",
  offline: "offline",
  idle: "paused",
  ended: "not renewed",
  cookiesBlocked: "not renewed",
  userChanged: "stopped",
  signInAgain: "sign in again",
};

/** @param {"none" | "alive" | "expiring" | "expired"} state */
const stateWord = (state) => {
  if (state === "none") return "no token";
  if (state === "expiring") return renewsByItself() ? "renewal due" : "expiring";
  return state;
};

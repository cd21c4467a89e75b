/**
 * What the provider's check-session frame has said so far (OIDC Session Management §3.2). Its "changed" is news only when it
 * has said "unchanged" before: a frame whose cookies the browser hides says "changed" from the start, and nobody signed out.
 * @module session-monitor
 */

import { config } from "./config.js";
import { signal } from "./signal.js";
import { sessionStore } from "./storage.js";

const key = "silentrenew.monitored";

/** So many times the frame may say "changed" in a row, and the provider that it is the same user, before we stop asking (R28). */
const limit = 3;

/** @type {import("./signal.js").Signal<[]>} */
const gaveUp = signal();
/** The session monitor was stopped: it went round in a loop. */
export const onMonitorGaveUp = gaveUp.on;

/** Listens to the frame. */
const watch = () => {
  const provider = new URL(config.authority).origin;
  let hidden = false;
  let sid = "";
  let changes = 0;
  addEventListener("message", ({ origin, data, source }) => {
    if (origin !== provider || (data !== "unchanged" && data !== "changed")) return;
    if (![...document.querySelectorAll("iframe")].some((frame) => frame.contentWindow === source)) return;
    if (data === "unchanged") {
      hidden = false;
      changes = 0;
      if (sid) sessionStore.setItem(key, sid);
    } else {
      changes++;
      if (sid && sessionStore.getItem(key) !== sid) hidden = true;
    }
  });
  return {
    /** The session the frame is asked about from now on. @param {string | undefined} next */
    follow: (next) => {
      if (next && next !== sid) {
        hidden = false;
        changes = 0;
      }
      sid = next ?? "";
    },
    /** Whether the frame has ever confirmed this session, also before a reload. @param {string | undefined} of */
    trusted: (of) => of !== undefined && sessionStore.getItem(key) === of,
    cookieHidden: () => hidden,
    /** Whether one more question what has changed would go on with a loop. Tells the user when it is so. */
    exhausted: () => {
      if (changes <= limit) return false;
      if (changes === limit + 1) gaveUp.tell();
      return true;
    },
  };
};

export const monitor = watch();

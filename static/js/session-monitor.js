/**
 * What the provider's check-session frame has said so far (OIDC Session Management §3.2). Its "changed" is news only when it
 * has said "unchanged" before: a frame whose cookies the browser hides says "changed" from the start, and nobody signed out.
 * @module session-monitor
 */

import { config } from "./config.js";
import { sessionStore } from "./storage.js";

const key = "silentrenew.monitored";

/** Listens to the frame. */
const watch = () => {
  const provider = new URL(config.authority).origin;
  let hidden = false;
  let sid = "";
  addEventListener("message", ({ origin, data, source }) => {
    if (origin !== provider || (data !== "unchanged" && data !== "changed")) return;
    if (![...document.querySelectorAll("iframe")].some((frame) => frame.contentWindow === source)) return;
    if (data === "unchanged") {
      hidden = false;
      if (sid) sessionStore.setItem(key, sid);
    } else if (sid && sessionStore.getItem(key) !== sid) hidden = true;
  });
  return {
    /** The session the frame is asked about from now on. @param {string | undefined} next */
    follow: (next) => {
      if (next && next !== sid) hidden = false;
      sid = next ?? "";
    },
    /** Whether the frame has ever confirmed this session, also before a reload. @param {string | undefined} of */
    trusted: (of) => of !== undefined && sessionStore.getItem(key) === of,
    cookieHidden: () => hidden,
  };
};

export const monitor = watch();

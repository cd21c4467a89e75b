/**
 * Why a silent renewal fails before it can come back: the provider shows its error page inside the hidden frame and, in
 * the lab, tells the parent what was wrong. Without this the learner would only see the library time out after ten seconds.
 * @module frame-error
 */

import { config } from "./config.js";
import { make } from "./dom.js";
import { emit } from "./page-events.js";

/**
 * @typedef {object} FrameError
 * @property {string} type "silentrenew:error"
 * @property {string} error
 * @property {string} [error_description]
 * @property {string} [sent]
 * @property {string[]} [registered]
 */

/** @param {HTMLElement} notice where the reason is shown */
export const listenToFrames = (notice) => {
  const provider = new URL(config.authority).origin;
  addEventListener("message", ({ origin, source, data }) => {
    // Only the provider, and only from inside one of our own frames.
    if (origin !== provider || data?.type !== "silentrenew:error") return;
    if (![...document.querySelectorAll("iframe")].some((frame) => frame.contentWindow === source)) return;
    show(notice, data);
  });
};

/** @param {HTMLElement} notice @param {FrameError} failure */
const show = (notice, failure) => {
  const sent = text(failure.sent);
  const registered = (Array.isArray(failure.registered) ? failure.registered : []).map(text).filter(Boolean);
  const nearest = registered.toSorted((a, b) => different(sent, a) - different(sent, b))[0];
  const body = notice.querySelector(".Notice-body");
  body?.replaceChildren(
    make("p", {}, make("strong", {}, "The provider refused the hidden frame: "), make("code", {}, text(failure.error)), " ", text(failure.error_description)),
    make("dl", { class: "Pairs" },
      make("dt", {}, "sent"), make("dd", {}, marked(sent, nearest ?? "")),
      ...registered.flatMap((uri) => [make("dt", {}, "registered"), make("dd", {}, marked(uri, uri === nearest ? sent : uri))])),
    make("p", {}, "A redirect URI must equal a registered one character by character (RFC 9700 §2.1). The library cannot see this page: it waits for its time-out."),
  );
  notice.hidden = false;
  emit("frame.error", { outcome: text(failure.error), reason: text(failure.error_description), parameters: { sent, registered: registered.join(" ") } });
};

const text = (/** @type {unknown} */ value) => (typeof value === "string" ? value.slice(0, 500) : "");

/** How many characters lie outside the common start and end. @param {string} a @param {string} b */
const different = (a, b) => {
  const [start, end] = common(a, b);
  return Math.max(a.length, b.length) - start - end;
};

/** @param {string} a @param {string} b @returns {[number, number]} lengths of the common start and the common end */
const common = (a, b) => {
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return [start, end];
};

/** The URI with the part that differs marked. @param {string} uri @param {string} other */
const marked = (uri, other) => {
  const code = make("code");
  if (uri === other || other === "") {
    code.append(uri);
    return code;
  }
  const [start, end] = common(uri, other);
  const middle = uri.slice(start, uri.length - end);
  code.append(uri.slice(0, start), ...(middle ? [make("mark", {}, middle)] : []), uri.slice(uri.length - end));
  return code;
};

// Answers a client's question whether the session at the provider is still the one it knows (Session Management §3.2).
// The client posts "client_id session_state"; we post back "unchanged", "changed" or "error", to the sender and its origin alone.

import { sha256 } from "../third_party/js-sha256/sha256.min.mjs";

const cookieName = document.documentElement.dataset.cookieName ?? "";

/** A client_id, a space, and a session_state: 64 hexadecimal digits, a dot and the salt. */
const question = /^(.+) ([0-9a-f]{64})\.([\w-]+)$/s;

/**
 * Returns what the cookie says of the session now, empty when signed out or when the browser withholds the cookie here.
 * @returns {string}
 */
function browserState() {
  const cookie = document.cookie.split("; ").find((pair) => pair.startsWith(`${cookieName}=`));
  return cookie === undefined ? "" : cookie.slice(cookieName.length + 1);
}

/**
 * The hash holds the origin as well, so that a session_state is of no use to another site. The library computes it because
 * crypto.subtle is missing on plain http.
 * @param {unknown} message
 * @param {string} origin
 * @returns {"unchanged" | "changed" | "error"}
 */
function answer(message, origin) {
  const parts = typeof message === "string" ? question.exec(message) : null;
  if (parts === null) {
    return "error";
  }
  const [, clientID, hash, salt] = parts;
  try {
    const now = sha256(`${clientID} ${origin} ${browserState()} ${salt}`);
    return now === hash ? "unchanged" : "changed";
  } catch {
    return "error"; // a sandboxed frame may not read cookies
  }
}

window.addEventListener("message", (event) => {
  // An opaque origin ("null") cannot be addressed, and nobody else may hear the answer.
  if (event.source === null || event.source === window || !event.origin.startsWith("http")) {
    return;
  }
  event.source.postMessage(answer(event.data, event.origin), { targetOrigin: event.origin });
});

// Answers a client's question whether the session at the provider is still the one it knows (Session Management §3.2).
// The client posts "client_id session_state"; we post back "unchanged", "changed" or "error", to the sender and its origin alone.
//
// Whoever keeps this page in a frame may be an old engine, or one that is none of the big ones. So it is plain
// ECMAScript 5, a script and no module, and the hash comes from a library: crypto.subtle is missing there, and on plain http.

(function () {
  "use strict";

  /** @type {(text: string) => string} */
  var sha256 = /** @type {any} */ (window).sha256;

  var cookieName = document.documentElement.getAttribute("data-cookie-name") || "";

  /** A client_id, a space, and a session_state: 64 hexadecimal digits, a dot and the salt. */
  var question = /^([\s\S]+) ([0-9a-f]{64})\.([\w-]+)$/;

  /**
   * Returns what the cookie says of the session now, empty when signed out or when the browser withholds the cookie here.
   * @returns {string}
   */
  function browserState() {
    var pairs = document.cookie.split("; ");
    for (var i = 0; i < pairs.length; i++) {
      if (pairs[i].indexOf(cookieName + "=") === 0) return pairs[i].slice(cookieName.length + 1);
    }
    return "";
  }

  /**
   * The hash holds the origin as well, so that a session_state is of no use to another site.
   * @param {unknown} message
   * @param {string} origin
   * @returns {"unchanged" | "changed" | "error"}
   */
  function answer(message, origin) {
    var parts = typeof message === "string" ? question.exec(message) : null;
    if (parts === null) return "error";
    try {
      return sha256(parts[1] + " " + origin + " " + browserState() + " " + parts[3]) === parts[2] ? "unchanged" : "changed";
    } catch (refused) {
      return "error"; // a sandboxed frame may not read cookies
    }
  }

  window.addEventListener("message", function (event) {
    // An opaque origin ("null") cannot be addressed, and nobody else may hear the answer.
    var sender = /** @type {Window | null} */ (event.source);
    if (sender === null || sender === window || event.origin.indexOf("http") !== 0) return;
    sender.postMessage(answer(event.data, event.origin), event.origin);
  }, false);
})();

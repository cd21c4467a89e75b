// Tells the parent window why its hidden frame ended on an error page. Without this the client would learn nothing but a
// time-out. The message goes to the client's registered origins alone.

/**
 * @typedef {object} FrameError
 * @property {"silentrenew:error"} type
 * @property {string} error a registered error code
 * @property {string} error_description
 * @property {string} sent the redirect_uri of the request
 * @property {string[]} registered the values the client registered
 */

const element = document.getElementById("frame-message");

if (element !== null && window.parent !== window) {
  /** @type {FrameError} */
  const message = JSON.parse(element.dataset.message ?? "{}");
  /** @type {string[]} */
  const origins = JSON.parse(element.dataset.origins ?? "[]");
  for (const origin of origins) {
    window.parent.postMessage(message, origin);
  }
}

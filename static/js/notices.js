/**
 * Notices at the foot of the window, over whatever page is shown: the renewal loop and its cause, what the provider said
 * inside the hidden frame, and why a sign-in or a renewal did not work.
 * @module notices
 */

import { onFailure, onLoop, onTokenChanged, user } from "./auth.js";
import { config } from "./config.js";
import { make, must } from "./dom.js";
import { timeOfDay } from "./format.js";
import { listenToFrames } from "./frame-error.js";

/** Starts the notices. */
export const startNotices = () => {
  const loop = must(document, "#loop-warning", HTMLElement);
  onLoop((warning) => {
    loop.hidden = warning === null;
    if (!warning) return;
    must(loop, "[data-lifetime]", HTMLElement).textContent = `${warning.lifetime} s`;
    must(loop, "[data-lead]", HTMLElement).textContent = `${warning.lead} s`;
  });
  const failure = must(document, "#failure", HTMLElement);
  onFailure(({ action, code, reason }) => {
    must(failure, ".Notice-body", HTMLElement).replaceChildren(...explain(action, code, reason));
    failure.hidden = false;
  });
  let token = user()?.access_token;
  onTokenChanged(() => {
    if (token !== user()?.access_token) failure.hidden = true; // whatever was wrong, it is over
    token = user()?.access_token;
  });
  listenToFrames(must(document, "#frame-error", HTMLElement));
  document.addEventListener("click", (event) => {
    const close = event.target instanceof Element ? event.target.closest("[data-dismiss]") : null;
    const notice = close?.closest(".Notice");
    if (notice instanceof HTMLElement) notice.hidden = true;
  });
};

/** @param {"login" | "logout" | "renew"} action @param {string} code @param {string} reason @returns {HTMLElement[]} */
const explain = (action, code, reason) => {
  if (action !== "renew") {
    return [
      make("p", {}, make("strong", {}, `The provider at ${config.authority} does not answer this page.`)),
      make("p", {}, `Is it running, and is the origin ${location.origin} registered for this client (ClientCorsOrigins)? `, make("code", {}, reason)),
    ];
  }
  const until = user()?.expires_at;
  const ends = until ? ` Your access token lives until ${timeOfDay(until)}; the page works as long.` : "";
  const why = code === "login_required" ? "The provider no longer knows you: its session is over. It will ask for the password." : reason;
  return [
    make("p", {}, make("strong", {}, "The renewal failed: "), make("code", {}, code)),
    make("p", {}, `${why}${ends}`),
    make("p", {}, make("button", { class: "Button", type: "button", "data-login": "" }, "Sign in again")),
  ];
};

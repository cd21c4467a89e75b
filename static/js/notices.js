/**
 * Notices at the foot of the window, over whatever page is shown: the renewal loop and its cause, what the provider said
 * inside the hidden frame, and why a sign-in or a renewal did not work.
 * @module notices
 */

import { cookieHidden, onFailure, onLoop, onTokenChanged, user } from "./auth.js";
import { config } from "./config.js";
import { make, must } from "./dom.js";
import { timeOfDay } from "./format.js";
import { listenToFrames } from "./frame-error.js";
import { onMonitorGaveUp } from "./session-monitor.js";
import { storageBlocked } from "./storage.js";

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
  if (storageBlocked) {
    must(failure, ".Notice-body", HTMLElement).replaceChildren(...blocked());
    failure.hidden = false;
  }
  onMonitorGaveUp(() => {
    must(failure, ".Notice-body", HTMLElement).replaceChildren(
      make("p", {}, make("strong", {}, "The session monitor was stopped.")),
      make("p", {}, "The provider's check-session frame keeps saying ", make("code", {}, "changed"), `, and the provider says that you are the same user. Most likely ${cookieHidden() ? "this browser hides the provider's cookie from frames" : "the browser or somebody removed its session cookie"}. A sign-out elsewhere is noticed at the next renewal.`),
    );
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

const blocked = () => [
  make("p", {}, make("strong", {}, "This browser blocks cookies and storage for this site.")),
  make("p", {}, `A sign-in cannot work: state and code_verifier must outlive the redirect to the provider. Allow cookies for ${location.host} and ${new URL(config.authority).host}, then reload.`),
];

/** @param {"login" | "logout" | "renew"} action @param {string} code @param {string} reason @returns {HTMLElement[]} */
const explain = (action, code, reason) => {
  if (storageBlocked) return blocked();
  if (action !== "renew") {
    return [
      make("p", {}, make("strong", {}, `The provider at ${config.authority} does not answer this page.`)),
      make("p", {}, `Is it running, and is the origin ${location.origin} registered for this client (ClientCorsOrigins)? `, make("code", {}, reason)),
    ];
  }
  const until = user()?.expires_at;
  const ends = until ? ` Your access token lives until ${timeOfDay(until)}; the page works as long.` : "";
  const forgot = cookieHidden()
    ? "The provider found no cookie of yours in the hidden frame. The browser hides cookies of other sites there; at the top of the window you are probably still signed in."
    : "The provider no longer knows you: its session is over. It will ask for the password.";
  const why = code === "login_required" ? forgot : reason;
  return [
    make("p", {}, make("strong", {}, "The renewal failed: "), make("code", {}, code)),
    make("p", {}, `${why}${ends}`),
    make("p", {}, make("button", { class: "Button", type: "button", "data-login": "" }, "Sign in again")),
  ];
};

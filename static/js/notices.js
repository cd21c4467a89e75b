/**
 * Notices at the foot of the window, over whatever page is shown: the renewal loop and its cause, and what the provider
 * said inside the hidden frame.
 * @module notices
 */

import { onLoop } from "./auth.js";
import { must } from "./dom.js";
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
  listenToFrames(must(document, "#frame-error", HTMLElement));
  document.addEventListener("click", (event) => {
    const close = event.target instanceof Element ? event.target.closest("[data-dismiss]") : null;
    const notice = close?.closest(".Notice");
    if (notice instanceof HTMLElement) notice.hidden = true;
  });
};

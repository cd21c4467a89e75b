/**
 * The three cases of cookie and token, with live evidence: which one is true now, and two buttons to prove it.
 * @module panel-cases
 */

import { dropAccessToken, onTokenChanged } from "./auth.js";
import { must, report, setText } from "./dom.js";
import { countdown } from "./format.js";
import { callAPI } from "./panel-api.js";
import { renewNow } from "./panel-renew.js";
import { sessionState, watchSession } from "./panel-session.js";
import { drawRing } from "./ring.js";
import { tokenState } from "./token-state.js";

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  /** @type {import("./provider-lab.js").ProviderSession | null} */
  let session = null;
  let known = false;
  const tokenBox = must(panel, "[data-evidence=token]", HTMLElement);
  const cookieBox = must(panel, "[data-evidence=cookie]", HTMLElement);
  const result = must(panel, "[data-result]", HTMLElement);

  const draw = () => {
    const token = tokenState();
    const cookie = sessionState(session);
    const tokenAlive = token.left > 0;
    show(tokenBox, token.state, token.total ? token.left / token.total : 0, tokenAlive ? countdown(token.left) : "–", tokenAlive ? "alive" : token.state === "none" ? "none" : "dead");
    show(cookieBox, cookie.alive ? "cookie" : "none", cookie.total ? cookie.left / cookie.total : 0, cookie.alive ? countdown(cookie.left) : "–", !known ? "…" : cookie.alive ? "alive" : "dead");
    const now = !known ? "" : tokenAlive ? (cookie.alive ? "both-alive" : "cookie-dead") : cookie.alive ? "token-dead" : "both-dead";
    for (const card of /** @type {NodeListOf<HTMLElement>} */ (panel.querySelectorAll("[data-case]"))) {
      card.toggleAttribute("data-current", card.dataset.case === now);
    }
  };

  panel.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-try]") : null;
    if (!(button instanceof HTMLButtonElement)) return;
    button.disabled = true;
    report(result, "info", "…");
    if (button.dataset.try === "api") report(result, ...(await callAPI()));
    else if (button.dataset.try === "renew") report(result, ...(await renewNow()));
    else {
      await dropAccessToken();
      report(result, "info", "The page treats its access token as expired from now on.");
    }
    button.disabled = false;
    draw();
  });
  const stops = [onTokenChanged(draw), watchSession((next) => {
    session = next;
    known = next !== null;
    draw();
  })];
  const timer = setInterval(draw, 1000);
  draw();
  return () => {
    clearInterval(timer);
    for (const stop of stops) stop();
  };
};

/** @param {HTMLElement} box @param {string} state @param {number} part @param {string} time @param {string} word */
const show = (box, state, part, time, word) => {
  drawRing(must(box, ".Ring", Element), state, part);
  setText(must(box, "[data-time]", HTMLElement), time);
  setText(must(box, "[data-word]", HTMLElement), word);
};

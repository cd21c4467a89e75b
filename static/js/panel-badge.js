/**
 * The badge in large: the ring of the access token with its numbers, on home and beside the chapters.
 * @module panel-badge
 */

import { onTokenChanged } from "./auth.js";
import { must, setText } from "./dom.js";
import { countdown, lifetime, timeOfDay } from "./format.js";
import { onPageEvent } from "./page-events.js";
import { drawRing } from "./ring.js";
import { tokenState } from "./token-state.js";

const sentences = {
  none: "There is no access token. Log in to get one.",
  alive: "The access token is alive.",
  expiring: "Inside the lead time: this is where a renewal belongs.",
  expired: "The access token has expired. It is not sent any more.",
};

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  const ring = must(panel, ".Ring", Element);
  const time = must(panel, "[data-time]", HTMLElement);
  const sentence = must(panel, "[data-sentence]", HTMLElement);
  const detail = must(panel, "[data-detail]", HTMLElement);

  const draw = () => {
    const token = tokenState();
    panel.dataset.state = token.state;
    drawRing(ring, token.state, token.total ? token.left / token.total : 0);
    setText(time, token.state === "none" ? "–" : token.state === "expired" ? "0 s" : countdown(token.left));
    setText(sentence, sentences[token.state]);
    setText(detail, token.expiresAt ? `lifetime ${lifetime(token.total)} · exp ${timeOfDay(token.expiresAt)}` : "lifetime unknown");
  };
  const stops = [onTokenChanged(draw), onPageEvent(draw)];
  const timer = setInterval(draw, 1000);
  draw();
  return () => {
    clearInterval(timer);
    for (const stop of stops) stop();
  };
};

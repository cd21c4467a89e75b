/**
 * What a stolen token can do, and for how long: the lifetime on a slider, this page's own token beside it, and a replay of a
 * copy after the sign-out. The copy stays in this tab's sessionStorage until it expires or is thrown away.
 * @module stolen-token
 */

import { jwtDecode } from "jwt-decode";
import { onTokenChanged, user } from "./auth.js";
import { config } from "./config.js";
import { must, report, setText } from "./dom.js";
import { countdown, human, lifetime, now } from "./format.js";
import { drawRing } from "./ring.js";
import { sessionStore } from "./storage.js";
import { tokenState } from "./token-state.js";

const key = "silentrenew.stolen";
/** Stops of the slider, in seconds: from a minute to the "several days" of the article. */
const stops = [60, 120, 300, 600, 1800, 3600, 4 * 3600, 12 * 3600, 86400, 3 * 86400, 7 * 86400];

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  const slider = must(panel, "#stolen-lifetime", HTMLInputElement);
  const chosen = must(panel, "[data-chosen]", HTMLElement);
  const window_ = must(panel, "[data-window]", HTMLElement);
  const harm = must(panel, "[data-harm]", HTMLElement);
  const bar = must(panel, "[data-bar]", HTMLElement);
  const ring = must(panel, ".Ring", Element);
  const time = must(panel, "[data-time]", HTMLElement);
  const word = must(panel, "[data-word]", HTMLElement);
  const copyState = must(panel, "[data-copy-state]", HTMLElement);
  const result = must(panel, "[data-result]", HTMLElement);
  const steal = must(panel, "[data-steal]", HTMLButtonElement);
  const replay = must(panel, "[data-replay]", HTMLButtonElement);
  const forget = must(panel, "[data-forget]", HTMLButtonElement);

  const slide = () => {
    const seconds = stops[Number(slider.value)];
    setText(chosen, lifetime(seconds));
    slider.setAttribute("aria-valuetext", lifetime(seconds));
    setText(window_, `${human(seconds)} at worst, ${human(seconds / 2)} on average`);
    setText(harm, consequence(seconds));
    bar.style.setProperty("--part", String((Number(slider.value) + 1) / stops.length));
    panel.dataset.risk = seconds <= 600 ? "low" : seconds <= 4 * 3600 ? "medium" : "high";
  };
  const draw = () => {
    const token = tokenState();
    drawRing(ring, token.state, token.total ? token.left / token.total : 0);
    setText(time, token.left > 0 ? countdown(token.left) : "–");
    setText(word, token.left > 0 ? `A thief of this page's token could use it for ${countdown(token.left)} more.` : "This page holds no living token.");
    const copy = read();
    const left = copy ? jwtDecode(copy).exp ?? 0 : 0;
    steal.disabled = token.left <= 0;
    replay.disabled = forget.disabled = copy === null;
    setText(copyState, copy === null ? "No copy taken." : left > now() ? `Copy in hand, good for ${countdown(left - now())} more, signed in or not.` : `Copy in hand, expired ${countdown(now() - left)} ago.`);
  };

  slider.max = String(stops.length - 1);
  slider.addEventListener("input", slide);
  steal.addEventListener("click", () => {
    sessionStore.setItem(key, user()?.access_token ?? "");
    report(result, "info", "Copied. Now log out, come back to this page and replay it.");
    draw();
  });
  replay.addEventListener("click", async () => report(result, ...(await call(read() ?? ""))));
  forget.addEventListener("click", () => {
    sessionStore.removeItem(key);
    report(result, "info", "The copy is gone.");
    draw();
  });
  const stop = onTokenChanged(draw);
  const timer = setInterval(draw, 1000);
  slide();
  draw();
  return () => {
    stop();
    clearInterval(timer);
  };
};

const read = () => sessionStore.getItem(key) || null;

/** The thief's call: the copy and nothing else, no cookie and no session. @param {string} token @returns {Promise<["ok" | "error" | "warning", string]>} */
const call = async (token) => {
  try {
    const response = await fetch(`${config.api}/api/companies?limit=1`, { headers: { Authorization: `Bearer ${token}` }, credentials: "omit" });
    if (response.ok) return ["warning", `${response.status}: the API answered the thief. It verifies the token by itself and has not heard of any sign-out.`];
    return ["ok", `${response.status}: refused. ${response.headers.get("WWW-Authenticate") ?? ""}`];
  } catch {
    return ["error", "The API does not answer."];
  }
};

/** @param {number} seconds */
const consequence = (seconds) => {
  if (seconds <= 300) return "A thief has to be quick, and has to steal again for every window. With silent renewal the user notices nothing of the short lifetime.";
  if (seconds <= 3600) return "Time enough to read every company and to write new ones. A sign-out, a new password or a blocked account change nothing until exp.";
  if (seconds <= 43200) return "A working day. Whoever finds the token in a log or a backup can still use it in the evening.";
  return "Days. The token outlives the shift of everybody who could react; the API has no way to take it back. This is why a longer lifetime is not a good solution.";
};

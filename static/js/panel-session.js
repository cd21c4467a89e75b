/**
 * The session inspector: what the provider's cookie stands for, seen from the page.
 * @module panel-session
 */

import { onTokenChanged } from "./auth.js";
import { make, must, setText } from "./dom.js";
import { countdown, lifetime, now, timeOfDay } from "./format.js";
import { onPageEvent } from "./page-events.js";
import { readSession } from "./provider-lab.js";
import { drawRing } from "./ring.js";

/** @typedef {import("./provider-lab.js").ProviderSession} ProviderSession */

const seconds = (/** @type {string | undefined} */ time) => (time ? Date.parse(time) / 1000 : NaN);

/** Whether the session still lives, and for how long. @param {ProviderSession | null} session */
export const sessionState = (session) => {
  const expires = seconds(session?.expires);
  const left = expires - now();
  const alive = Boolean(session?.signed_in) && !(left <= 0);
  return { alive, left: alive ? left : 0, expires, total: session?.lifetime ?? 0 };
};

/** Asks the provider for the session now and whenever something happened that may have changed it. @param {(session: ProviderSession | null, problem?: string) => void} listener @returns {() => void} */
export const watchSession = (listener) => {
  let asked = 0;
  const ask = async () => {
    const mine = ++asked;
    try {
      const session = await readSession();
      if (mine === asked) listener(session);
    } catch (error) {
      if (mine === asked) listener(null, error instanceof Error ? error.message : String(error));
    }
  };
  const timer = setInterval(() => document.visibilityState === "visible" && void ask(), 5000);
  const stops = [onTokenChanged(ask), onPageEvent(({ kind }) => kind === "silent_renew.error" && void ask())];
  void ask();
  return () => {
    clearInterval(timer);
    for (const stop of stops) stop();
    asked = -1;
  };
};

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  const ring = must(panel, ".Ring", Element);
  const time = must(panel, "[data-time]", HTMLElement);
  const sentence = must(panel, "[data-sentence]", HTMLElement);
  const details = must(panel, "[data-details]", HTMLElement);
  /** @type {ProviderSession | null} */
  let session = null;
  let problem = "";

  const draw = () => {
    const { alive, left, total } = sessionState(session);
    drawRing(ring, alive ? "cookie" : "none", alive && total ? left / total : 0);
    setText(time, alive ? countdown(left) : "–");
    setText(sentence, problem || (alive ? "You are signed in at the provider." : "There is no session at the provider."));
  };
  const list = () => {
    if (!session?.signed_in) return details.replaceChildren();
    /** @type {[string, string][]} */
    const rows = [
      ["sub", session.sub ?? ""],
      ["sid", session.sid ?? ""],
      ["auth_time", clock(session.auth_time)],
      ["re-issued", session.renewed && session.renewed !== session.created ? clock(session.renewed) : "never"],
      ["expires", clock(session.expires)],
      ["lifetime", session.lifetime ? lifetime(session.lifetime) : ""],
      ["sliding", session.sliding ? "yes: use prolongs it" : "no: absolute"],
      ["Remember My Login", session.remember ? "ticked" : "not ticked"],
      ["clients", (session.clients ?? []).join(", ")],
    ];
    details.replaceChildren(...rows.filter(([, value]) => value).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  };
  const stop = watchSession((next, message) => {
    session = next;
    problem = message ?? "";
    draw();
    list();
  });
  const timer = setInterval(draw, 1000);
  return () => {
    stop();
    clearInterval(timer);
  };
};

const clock = (/** @type {string | undefined} */ time) => {
  const at = seconds(time);
  if (Number.isNaN(at)) return "";
  const far = Math.abs(at - now()) > 86_400;
  return far ? new Date(at * 1000).toLocaleString("en-GB") : timeOfDay(at);
};

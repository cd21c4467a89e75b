/**
 * The access token decoded: header and claims as they are, times with their meaning beside them.
 * @module panel-token
 */

import { jwtDecode } from "jwt-decode";
import { onTokenChanged, user } from "./auth.js";
import { make, must, setText } from "./dom.js";
import { countdown, lifetime, now, timeOfDay } from "./format.js";

const times = new Set(["exp", "iat", "nbf", "auth_time"]);

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  const view = must(panel, "#token-view", HTMLElement);
  const summary = must(panel, "[data-summary]", HTMLElement);

  /** @type {Record<string, any> | null} */
  let claims = null;
  const tick = () => {
    if (!claims) return;
    const left = claims.exp - now();
    setText(summary, `exp − iat = ${lifetime(claims.exp - claims.iat)}; exp ${timeOfDay(claims.exp)}, ${left > 0 ? `in ${countdown(left)}` : `${countdown(-left)} ago`}`);
  };
  const draw = () => {
    claims = null;
    const token = user()?.access_token;
    if (!token) {
      setText(summary, "There is no access token.");
      return view.replaceChildren();
    }
    try {
      claims = jwtDecode(token);
      view.replaceChildren(object("header", jwtDecode(token, { header: true })), object("claims", claims ?? {}));
      tick();
    } catch {
      setText(summary, "This access token is not a JWT: only the API can ask the provider what it means.");
      view.replaceChildren();
    }
  };
  const stop = onTokenChanged(draw);
  const timer = setInterval(tick, 1000);
  draw();
  return () => {
    stop();
    clearInterval(timer);
  };
};

/** @param {string} title @param {Record<string, any>} values */
const object = (title, values) =>
  make("section", { class: "Claims" }, make("h3", {}, title),
    make("dl", { class: "Pairs" }, ...Object.entries(values).flatMap(([name, value]) => [
      make("dt", {}, name),
      make("dd", { "data-claim": name }, make("code", {}, JSON.stringify(value)), ...(times.has(name) ? [" ", make("span", { class: "Muted" }, timeOfDay(value))] : [])),
    ])));

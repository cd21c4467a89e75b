/**
 * The lab of the unsaved form: three ways to lose what was typed or to save it twice, to be seen failing.
 * @module panel-lose
 */

import { dropAccessToken } from "./auth.js";
import { must, report } from "./dom.js";

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  const result = must(panel, "[data-result]", HTMLElement);
  const form = must(document, "#company-form", HTMLFormElement);
  /** @type {"" | "drop" | "twice"} */
  let next = "";

  panel.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-lose]") : null;
    if (!(button instanceof HTMLButtonElement)) return;
    if (button.dataset.lose === "token") {
      await dropAccessToken();
      report(result, "info", "The page treats its access token as expired from now on. Submit, and see what becomes of the form.");
      return;
    }
    next = button.dataset.lose === "drop" ? "drop" : "twice";
    report(result, "info", next === "drop"
      ? "The answer to the next submit will be thrown away. Submit, then submit again, and count the companies."
      : "The next submit will be sent twice at the same moment, under the same Idempotency-Key.");
  });

  /** Takes hold of the request of the form, after the token was put on it. @param {Event} event */
  const tamper = (event) => {
    const { ctx } = /** @type {CustomEvent} */ (event).detail;
    if (ctx.sourceElement !== form || !next) return;
    /** @type {typeof fetch} */
    const send = ctx.fetch ?? fetch;
    const how = next;
    next = "";
    ctx.fetch = async (/** @type {string} */ url, /** @type {RequestInit} */ init) => {
      if (how === "drop") {
        const { status } = await send(url, init);
        report(result, "warning", `The server answered ${status}, and the answer was thrown away. The page does not know whether the company exists. Submit again.`);
        throw new TypeError("the lab has dropped the answer");
      }
      const answers = await Promise.all([send(url, { ...init }), send(url, { ...init })]);
      const [one, two] = answers.map((answer) => answer.headers.get("HX-Push-Url"));
      document.addEventListener("htmx:after:swap", () => {
        document.querySelector("main [role=status]")?.append(one && one === two ? " It was sent twice, and both answers name this one company." : "");
      }, { once: true });
      return answers[0];
    };
  };
  document.addEventListener("htmx:config:request", tamper);
  return () => document.removeEventListener("htmx:config:request", tamper);
};

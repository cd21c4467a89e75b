/**
 * The API's leeway: for how long it goes on accepting a token after its exp (RFC 7519 §4.1.4), and a call to try it.
 * @module panel-api
 */

import { user } from "./auth.js";
import { config } from "./config.js";
import { fetchAPI } from "./bearer.js";
import { correlationHeader, correlationID } from "./correlation.js";
import { make, must, report } from "./dom.js";
import { human, now, parseGoDuration } from "./format.js";
import { LabError, readAPIOptions, saveAPIOptions } from "./provider-lab.js";

const leewayName = "Api.Leeway";

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  const form = must(panel, "form", HTMLFormElement);
  const select = must(panel, "#api-leeway", HTMLSelectElement);
  const result = must(panel, "[data-result]", HTMLElement);
  const answer = must(panel, "[data-answer]", HTMLElement);

  const show = (/** @type {Record<string, string>} */ options) => {
    const seconds = parseGoDuration(options[leewayName] ?? "");
    if (![...select.options].some((option) => Number(option.value) === seconds)) {
      select.append(make("option", { value: String(seconds) }, human(seconds)));
    }
    select.value = String(seconds);
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      show(await saveAPIOptions({ [leewayName]: `${select.value}s` }));
      report(result, "ok", `Saved. The API now accepts a token until ${human(Number(select.value))} after its exp.`);
    } catch (error) {
      report(result, "error", `Not saved. ${error instanceof LabError ? error.message : String(error)}`);
    }
  });
  panel.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-call]") : null;
    if (!button) return;
    report(answer, "info", "Calling …");
    report(answer, ...(button.getAttribute("data-call") === "expired" ? await callWithOwnToken() : await callAPI()));
  });
  readAPIOptions().then(show, (error) => report(result, "error", error.message));
};

/** One call of the companies API with the token this page would send. @returns {Promise<["ok" | "error", string]>} */
export const callAPI = () => outcome(fetchAPI("api/companies?limit=1"));

/**
 * One call with the token this page holds even when it has expired: what a careless client would do, to see the leeway.
 * The page itself never sends an expired token.
 * @returns {Promise<["ok" | "error", string]>}
 */
const callWithOwnToken = () => {
  const token = user()?.access_token;
  return outcome(fetch(`${config.api}/api/companies?limit=1`, {
    headers: { [correlationHeader]: correlationID(), ...(token && { Authorization: `Bearer ${token}` }) },
    credentials: "omit",
  }));
};

/** @param {Promise<Response>} request @returns {Promise<["ok" | "error", string]>} */
const outcome = async (request) => {
  try {
    const response = await request;
    const expiry = user()?.expires_at;
    const age = expiry ? ` ${Math.abs(Math.round(now() - expiry))} s ${now() > expiry ? "after" : "before"} exp` : "";
    if (response.ok) return ["ok", `${response.status}: the API accepted the token${age}.`];
    const challenge = response.headers.get("WWW-Authenticate");
    const problem = await response.json().catch(() => ({}));
    return ["error", `${response.status}${age}: ${challenge ?? problem.detail ?? problem.title ?? response.statusText}`];
  } catch {
    return ["error", "The API does not answer."];
  }
};

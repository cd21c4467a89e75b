/**
 * The options of the provider's cookie: how long a sign-in lasts and whether use prolongs it.
 * @module panel-cookie
 */

import { accessTokenClaims, lead, runningSettings } from "./auth.js";
import { must, offerPresets, report, setText } from "./dom.js";
import { human, lifetime, parseDuration, parseGoDuration } from "./format.js";
import { LabError, readOptions, saveOptions } from "./provider-lab.js";

const lifetimeName = "Authentication.CookieLifetime";
const slidingName = "Authentication.CookieSlidingExpiration";

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  const form = must(panel, "form", HTMLFormElement);
  const input = must(panel, "#cookie-lifetime", HTMLInputElement);
  const sliding = must(panel, "#cookie-sliding", HTMLInputElement);
  const save = must(panel, "#cookie-save", HTMLButtonElement);
  const meaning = must(panel, "[data-human]", HTMLElement);
  const effect = must(panel, "[data-effect]", HTMLElement);
  const result = must(panel, "[data-result]", HTMLElement);

  const explain = () => {
    const seconds = parseDuration(input.value);
    const usable = Number.isInteger(seconds) && seconds > 0;
    save.disabled = !usable;
    setText(meaning, usable ? `= ${lifetime(seconds)}` : "such as 240, 4m, 10h or 1h 30m");
    if (!usable) return report(effect, "info");
    report(effect, "info", effectOf(seconds, sliding.checked));
  };

  const show = (/** @type {Record<string, string>} */ options) => {
    input.value = shortest(parseGoDuration(options[lifetimeName] ?? ""));
    sliding.checked = options[slidingName] === "true";
    explain();
  };

  input.addEventListener("input", explain);
  sliding.addEventListener("change", explain);
  offerPresets(panel, input);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    save.disabled = true;
    try {
      show(await saveOptions({ [lifetimeName]: `${parseDuration(input.value)}s`, [slidingName]: String(sliding.checked) }));
      report(result, "ok", "Saved. It counts from the next sign-in with a password; sign out at the provider to try it.");
    } catch (error) {
      report(result, "error", `Not saved. ${error instanceof LabError ? error.message : String(error)}`);
    }
    save.disabled = false;
  });
  readOptions().then(show, (error) => report(result, "error", error.message));
};

/** "4m", "10h", "90s": the way a person would write it. @param {number} seconds */
const shortest = (seconds) => {
  if (seconds > 0 && seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds > 0 && seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
};

/** @param {number} cookie seconds @param {boolean} slides */
const effectOf = (cookie, slides) => {
  const claims = accessTokenClaims();
  const token = claims ? claims.exp - claims.iat : 0;
  const interval = token - lead();
  if (!runningSettings().automaticSilentRenew || interval <= 0) {
    return `A sign-in lasts ${human(cookie)}${slides ? ", and longer while it is used" : ", used or not"}. Until then Login needs no password. Remember My Login overrides this with 30 d.`;
  }
  if (slides && interval < cookie) {
    return `With a renewal every ${human(interval)} the cookie is re-issued whenever more than ${human(cookie / 2)} of it have passed: the sign-in never ends while this page is open.`;
  }
  const good = Math.ceil(cookie / interval) - 1;
  return `About ${good} ${good === 1 ? "renewal" : "renewals"}, one every ${human(interval)}; the first one after ${human(cookie)} is answered login_required. The last token then lives on for up to ${human(token)}.`;
};

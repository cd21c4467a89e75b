/**
 * The switch for automatic silent renewal, which is the library's, a way back to it from another strategy, and a button that renews now.
 * @module panel-renew
 */

import { applySettings, renew, runningSettings, strategyName, user } from "./auth.js";
import { must, report, setText } from "./dom.js";
import { timeOfDay } from "./format.js";
import { codeOf, messageOf } from "./oidc-error.js";
import { emit, onPageEvent } from "./page-events.js";
import { currentSettings, saveSettings } from "./settings.js";

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  const automatic = must(panel, "input[name=automaticSilentRenew]", HTMLInputElement);
  const button = must(panel, "[data-renew]", HTMLButtonElement);
  const other = must(panel, "[data-other]", HTMLElement);
  const result = must(panel, "[data-result]", HTMLElement);

  const draw = () => {
    automatic.checked = runningSettings().automaticSilentRenew;
    other.hidden = strategyName() === "article";
    setText(must(other, "[data-name]", HTMLElement), strategyName());
  };
  /** @param {boolean} wanted */
  const article = async (wanted) => {
    saveSettings({ ...currentSettings(), strategy: "article", automaticSilentRenew: wanted });
    await applySettings();
    emit("settings.changed", { parameters: { strategy: '"article"', automaticSilentRenew: wanted } });
    report(result, "info", wanted ? "On: the library renews before each expiry." : "Off: the token will expire and the page will sign out.");
  };
  automatic.addEventListener("change", () => void article(automatic.checked));
  must(other, "[data-article]", HTMLButtonElement).addEventListener("click", () => void article(currentSettings().automaticSilentRenew === true));
  button.addEventListener("click", async () => {
    button.disabled = true;
    report(result, "info", "Asking the provider …");
    report(result, ...(await renewNow()));
    button.disabled = false;
  });
  const stop = onPageEvent(({ kind }) => kind === "settings.changed" && draw());
  draw();
  return stop;
};

/** Renews and says in words what came of it. @returns {Promise<["ok" | "error", string]>} */
export const renewNow = async () => {
  const before = user()?.expires_at;
  try {
    const renewed = await renew();
    const until = renewed?.expires_at ? timeOfDay(renewed.expires_at) : "?";
    return ["ok", `Renewed: exp ${before ? `${timeOfDay(before)} → ` : ""}${until}.`];
  } catch (error) {
    return ["error", `Not renewed: ${codeOf(error)}. ${messageOf(error)}`];
  }
};

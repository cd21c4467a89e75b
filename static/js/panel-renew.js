/**
 * The switch for automatic silent renewal and a button that renews now.
 * @module panel-renew
 */

import { applySettings, renew, runningSettings, user } from "./auth.js";
import { must, report } from "./dom.js";
import { timeOfDay } from "./format.js";
import { codeOf, messageOf } from "./oidc-error.js";
import { emit, onPageEvent } from "./page-events.js";
import { currentSettings, saveSettings } from "./settings.js";

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  const automatic = must(panel, "input[name=automaticSilentRenew]", HTMLInputElement);
  const button = must(panel, "[data-renew]", HTMLButtonElement);
  const result = must(panel, "[data-result]", HTMLElement);

  const draw = () => {
    automatic.checked = runningSettings().automaticSilentRenew;
  };
  automatic.addEventListener("change", async () => {
    saveSettings({ ...currentSettings(), automaticSilentRenew: automatic.checked });
    await applySettings();
    emit("settings.changed", { parameters: { automaticSilentRenew: automatic.checked } });
    report(result, "info", automatic.checked ? "On: the library renews before each expiry." : "Off: the token will expire and the page will sign out.");
  });
  button.addEventListener("click", async () => {
    button.disabled = true;
    report(result, "info", "Asking the provider with prompt=none …");
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

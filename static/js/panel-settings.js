/**
 * The settings of the UserManager: a few as switches, all as JSON, and what the library makes of them. A change is put to
 * work in the running page at once; a set with a problem is not put to work at all, and the problem is named.
 * @module panel-settings
 */

import { applySettings, runningSettings } from "./auth.js";
import { make, must, report } from "./dom.js";
import { emit, onPageEvent } from "./page-events.js";
import { changedSettings, currentSettings, effectiveSettings, problemsOf, resetSettings, saveSettings } from "./settings.js";

/** @typedef {import("./settings.js").Settings} Settings */

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  const form = must(panel, "#settings-form", HTMLFormElement);
  const editor = must(panel, "#settings-json", HTMLTextAreaElement);
  const problems = must(panel, "#settings-problems", HTMLElement);
  const result = must(panel, "[data-result]", HTMLElement);
  const effective = must(panel, "#effective-settings tbody", HTMLElement);

  const draw = () => {
    const settings = currentSettings();
    for (const input of inputsOf(form)) {
      const value = settings[input.name];
      if (input instanceof HTMLInputElement && input.type === "checkbox") input.checked = value === true;
      else input.value = value === null || value === undefined ? "" : String(value);
    }
    editor.value = JSON.stringify(settings, null, 2);
    const changed = changedSettings();
    effective.replaceChildren(...effectiveSettings(runningSettings()).map(([name, value]) => row(name, value, name in changed)));
  };

  /** Shows what is wrong. @param {Settings} settings @returns {boolean} whether anything is */
  const complain = (settings) => {
    const found = problemsOf(settings);
    problems.replaceChildren(...found.map(({ name, message }) => make("li", { "data-setting": name }, make("code", {}, name), ` ${message}`)));
    problems.hidden = found.length === 0;
    return found.length > 0;
  };

  /** @param {Settings} settings @returns {Promise<boolean>} */
  const use = async (settings) => {
    if (complain(settings)) {
      report(result, "error", "Nothing was changed.");
      return false;
    }
    const before = currentSettings();
    saveSettings(settings);
    const names = [...new Set([...Object.keys(before), ...Object.keys(settings)])].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(settings[name]));
    await applySettings();
    draw();
    emit("settings.changed", { parameters: Object.fromEntries(names.map((name) => [name, JSON.stringify(settings[name] ?? null)])) });
    report(result, "ok", names.length ? `In use now: ${names.join(", ")}.` : "Nothing differs.");
    return true;
  };

  form.addEventListener("change", ({ target }) => {
    if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) {
      void use({ ...currentSettings(), [target.name]: valueOf(target) });
    }
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  must(panel, "#settings-apply", HTMLButtonElement).addEventListener("click", () => {
    let settings;
    try {
      settings = JSON.parse(editor.value);
    } catch (error) {
      problems.replaceChildren(make("li", {}, `This is not JSON: ${error instanceof Error ? error.message : error}`));
      problems.hidden = false;
      return;
    }
    if (typeof settings !== "object" || settings === null || Array.isArray(settings)) settings = {};
    void use(settings);
  });
  must(panel, "#settings-reset", HTMLButtonElement).addEventListener("click", async () => {
    resetSettings();
    await use(currentSettings());
    report(result, "ok", "Back to what the server gave.");
  });
  draw();
  complain(currentSettings()); // somebody may have written into the storage by hand
  return onPageEvent(({ kind }) => kind === "settings.changed" && draw());
};

/** @param {HTMLFormElement} form @returns {(HTMLInputElement | HTMLSelectElement)[]} */
const inputsOf = (form) => [.../** @type {NodeListOf<HTMLInputElement | HTMLSelectElement>} */ (form.querySelectorAll("input[name], select[name]"))];

/** @param {HTMLInputElement | HTMLSelectElement} input @returns {unknown} */
const valueOf = (input) => {
  if (input instanceof HTMLInputElement && input.type === "checkbox") return input.checked;
  if (input.value === "") return null; // unset: the library's own default counts
  return input.type === "number" ? Number(input.value) : input.value;
};

/** @param {string} name @param {unknown} value @param {boolean} changed */
const row = (name, value, changed) => {
  const shown = value === undefined ? "–" : JSON.stringify(value);
  return make("tr", changed ? { "data-changed": "true" } : {},
    make("th", { scope: "row" }, make("code", {}, name)),
    make("td", { "data-effective": name }, make("code", {}, shown), ...(changed ? [" ", make("span", { class: "Tag" }, "changed")] : [])));
};

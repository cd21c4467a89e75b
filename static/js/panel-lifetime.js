/**
 * The article's edit, AccessTokenLifetime in the Clients table, with its effect said before it is saved.
 * @module panel-lifetime
 */

import { lead, onTokenChanged, runningSettings } from "./auth.js";
import { must, offerPresets, report, setText } from "./dom.js";
import { human, lifetime } from "./format.js";
import { onPageEvent } from "./page-events.js";
import { LabError, readClient, saveLifetime } from "./provider-lab.js";

/** What a lifetime will do, given the settings of this page. @param {number} seconds @returns {{kind: "ok" | "warning" | "info", text: string}} */
export const effectOf = (seconds) => {
  const renews = runningSettings().automaticSilentRenew;
  if (!renews) {
    return { kind: "info", text: `Automatic renewal is off: the page signs out ${human(seconds + 1)} after the token was issued, at most 5 s later.` };
  }
  if (seconds <= lead()) {
    return { kind: "warning", text: `Loop: ${seconds} s is not longer than the lead of ${lead()} s. Every new token is already inside the lead time, so the library asks for the next one after 1 s, for ever.` };
  }
  return { kind: "ok", text: `The page renews ${human(seconds - lead())} after each token: ${lifetime(seconds)} minus the lead of ${lead()} s.` };
};

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  const form = must(panel, "form", HTMLFormElement);
  const input = must(panel, "#lifetime", HTMLInputElement);
  const save = must(panel, "#lifetime-save", HTMLButtonElement);
  const meaning = must(panel, "[data-human]", HTMLElement);
  const effect = must(panel, "[data-effect]", HTMLElement);
  const result = must(panel, "[data-result]", HTMLElement);
  const sql = must(panel, "[data-sql]", HTMLElement);

  const explain = () => {
    const seconds = Number(input.value);
    const usable = Number.isInteger(seconds) && seconds > 0;
    save.disabled = !usable;
    setText(meaning, usable ? `= ${human(seconds)}` : "a whole number of seconds, at least 1");
    setText(sql, `UPDATE Clients SET AccessTokenLifetime = ${usable ? seconds : "…"} WHERE ClientId = 'spa-client';`);
    if (!usable) return report(effect, "info");
    const { kind, text } = effectOf(seconds);
    if (effect.textContent !== text) report(effect, kind, text);
  };

  const load = async () => {
    try {
      input.value = String((await readClient()).AccessTokenLifetime);
      explain();
    } catch (error) {
      report(result, "error", error instanceof LabError ? error.message : String(error));
    }
  };

  input.addEventListener("input", explain);
  offerPresets(panel, input);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    save.disabled = true;
    try {
      const client = await saveLifetime(Number(input.value));
      input.value = String(client.AccessTokenLifetime);
      report(result, "ok", `Saved: ${lifetime(client.AccessTokenLifetime)}. It counts for the next token; the one you hold keeps its exp.`);
    } catch (error) {
      report(result, "error", `Not saved. ${error instanceof LabError ? error.message : String(error)}`);
    }
    explain();
  });
  const stops = [onTokenChanged(explain), onPageEvent(({ kind }) => kind === "settings.changed" && explain())];
  void load();
  return () => stops.forEach((stop) => stop());
};

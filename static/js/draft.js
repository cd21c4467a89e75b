/**
 * The company form keeps what was typed: a draft in localStorage outlives an expired token, a sign-in and a closed tab,
 * and goes only when the company was created or the user throws it away.
 * @module draft
 */

import { must } from "./dom.js";
import { localStore } from "./storage.js";

const key = "silentrenew.draft.company";

/** @returns {Record<string, string> | null} */
const read = () => {
  try {
    return JSON.parse(localStore.getItem(key) ?? "null");
  } catch {
    return null;
  }
};

/** Whether there is a draft to go on with. */
const hasDraft = () => read() !== null;

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  if (panel.dataset.draft === "offer") {
    panel.hidden = !hasDraft();
    return;
  }
  const form = must(panel, "form", HTMLFormElement);
  const note = must(panel, "[data-draft-note]", HTMLElement);
  const fields = [.../** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("input[name]"))];

  const draft = read();
  if (draft && fields.every((field) => field.value === "")) {
    for (const field of fields) field.value = draft[field.name] ?? "";
    note.hidden = false;
  }
  const discard = must(panel, "button[type=reset]", HTMLButtonElement);
  const save = () => {
    const values = Object.fromEntries(fields.map((field) => [field.name, field.value]));
    discard.disabled = Object.values(values).every((value) => value === "");
    if (discard.disabled) localStore.removeItem(key);
    else localStore.setItem(key, JSON.stringify(values));
  };
  save();
  form.addEventListener("input", save);
  form.addEventListener("reset", () => setTimeout(() => {
    for (const field of fields) field.value = "";
    save();
    note.hidden = true;
  }));
};

// The server names the event in a header once the company exists (HX-Trigger).
document.addEventListener("company-created", () => localStore.removeItem(key));

/**
 * The company form: keeps a draft of what is typed, brings it back, sends it under one key however often it is sent, and
 * says what is wrong beside the field. A draft goes only when the company was saved or the user throws it away, and it
 * is sent only when the user says so.
 * @module draft
 */

import { onTokenChanged } from "./auth.js";
import { make, must } from "./dom.js";
import { dropDraft, dropOldDrafts, freshKey, owner, readDraft, writeDraft } from "./drafts.js";
import { visit } from "./navigation.js";
import { storageBlocked } from "./storage.js";

/** @typedef {import("./drafts.js").Draft} Draft */

/** Whose form was shown last: the answer to an expired token comes when nobody may be signed in any more. */
let lastOwner = "";

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  const form = must(panel, "form", HTMLFormElement);
  const note = must(panel, "[data-draft-note]", HTMLElement);
  const tag = must(form, "input[name=tag]", HTMLInputElement);
  const key = must(form, "input[name=key]", HTMLInputElement);
  const discard = must(form, "button[type=reset]", HTMLButtonElement);
  const fields = [.../** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("input[data-saved]"))];
  const name = form.dataset.form ?? "new";
  const sub = owner() || lastOwner;
  lastOwner = sub;
  dropOldDrafts();

  let draft = readDraft(sub, name);
  const dirty = () => fields.some((field) => field.value !== field.dataset.saved);
  let kept = true;

  /** @param {Partial<Draft>} [more] */
  const save = (more) => {
    discard.disabled = !dirty();
    if (discard.disabled) {
      dropDraft(sub, name);
      draft = null;
      return;
    }
    draft = {
      values: Object.fromEntries(fields.map((field) => [field.name, field.value])),
      key: key.value, tag: tag.value, sent: draft?.sent, time: Date.now(), ...more,
    };
    kept = writeDraft(sub, name, draft);
  };

  // What was typed goes on from the draft, but what the server has just given back is newer.
  const answered = form.hasAttribute("data-key-used") || panel.querySelector("[role=alert], .Conflict") !== null;
  if (draft && !answered) {
    for (const field of fields) field.value = draft.values[field.name] ?? field.value;
    tell(note, draft, draft.tag !== "" && draft.tag !== tag.value);
    if (draft.tag) tag.value = draft.tag; // saving it then meets the newer version, and both are shown
  }
  // A key that has created something already is of no use for another company.
  key.value = (!form.hasAttribute("data-key-used") && draft?.key) || freshKey();
  save(answered ? { sent: undefined } : {});

  const fill = (/** @type {(field: HTMLInputElement) => boolean} */ which) => {
    for (const field of fields) if (which(field)) field.value = field.dataset.saved ?? "";
    save();
  };
  form.addEventListener("input", (event) => {
    save();
    if (event.target instanceof HTMLInputElement && event.target.validity.valid) complain(event.target, "");
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    fill(() => true);
    for (const field of fields) complain(field, "");
    note.hidden = true;
    key.value = freshKey();
    fields[0]?.focus();
  });
  // The browser's own bubbles would cover the words; they stand beside the field instead.
  form.addEventListener("invalid", (event) => {
    event.preventDefault();
    if (!(event.target instanceof HTMLInputElement)) return;
    complain(event.target, event.target.validationMessage);
    if (form.querySelector(":invalid") === event.target) event.target.focus();
  }, true);
  panel.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-take], [data-take-all]") : null;
    if (!(button instanceof HTMLButtonElement)) return;
    const wanted = button.dataset.take;
    fill((field) => wanted === undefined || field.name === wanted);
    if (wanted === undefined) void visit(`/companies/${name}`);
    else fields.find((field) => field.name === wanted)?.focus();
  });

  // The answer may come when the form has long gone: whoever sends waits for it, so that a saved draft does not come back.
  /** @type {unknown} */
  let sent = null;
  const forget = () => {
    document.removeEventListener("company-saved", saved);
    document.removeEventListener("htmx:finally:request", settled);
  };
  const saved = () => {
    if (sent) dropDraft(sub, name);
  };
  /** @param {Event} event */
  const settled = (event) => {
    if (/** @type {CustomEvent} */ (event).detail.ctx !== sent) return;
    sent = null;
    if (!form.isConnected) forget();
  };
  form.addEventListener("htmx:before:request", (event) => {
    sent = /** @type {CustomEvent} */ (event).detail.ctx;
    save({ sent: Date.now() });
  });
  document.addEventListener("company-saved", saved);
  document.addEventListener("htmx:finally:request", settled);

  /** Drafts need no guard against leaving, unless the browser does not keep them. @param {BeforeUnloadEvent} event */
  const guard = (event) => {
    if (dirty() && (storageBlocked || !kept)) event.preventDefault();
  };
  addEventListener("beforeunload", guard);
  const stop = onTokenChanged(() => {
    // Somebody else is signed in now: this draft is not theirs, neither to read nor to send.
    if (owner() && sub && owner() !== sub) void visit(location.pathname + location.search, "none");
  });
  return () => {
    stop();
    removeEventListener("beforeunload", guard);
    if (!sent) forget();
  };
};

/** Says that a draft is back, and what is special about it. @param {HTMLElement} note @param {Draft} draft @param {boolean} outdated */
const tell = (note, draft, outdated) => {
  const when = new Date(draft.time).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  note.replaceChildren(make("strong", {}, "Your draft is back. "), `You typed it last on ${when}.`);
  if (draft.sent) note.append(" It was sent, and no answer came back: sending it again is safe, it cannot be saved twice.");
  if (outdated) note.append(" Somebody has changed the company since: you will see both versions when you save.");
  note.hidden = false;
};

/** Says what is wrong with a field, beside it; nothing when all is well. @param {HTMLInputElement} field @param {string} problem */
const complain = (field, problem) => {
  const place = field.closest("[data-field]")?.querySelector("[data-problem]");
  if (!(place instanceof HTMLElement)) return;
  place.textContent = problem;
  place.hidden = problem === "";
  if (problem) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
};

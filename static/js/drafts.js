/**
 * What people typed into the company forms and have not saved yet. Drafts are kept in localStorage, so that they outlive
 * an expired token, a sign-in, a reload and the crash of a tab; each belongs to one user and is shown to nobody else.
 * @module drafts
 */

import { user } from "./auth.js";
import { localStore } from "./storage.js";

/**
 * @typedef {object} Draft
 * @property {Record<string, string>} values what was typed, by field
 * @property {string} key the Idempotency-Key under which this form is sent, however often
 * @property {string} tag the version that the changes were begun on; empty for a new company
 * @property {number} [sent] when it was sent without an answer so far, milliseconds since the epoch
 * @property {number} time of the last change, milliseconds since the epoch
 */

const prefix = "silentrenew.draft.";

/** A draft nobody comes back to is dropped after so many milliseconds: 30 days. */
const longest = 30 * 24 * 3600 * 1000;

/** Whose drafts these are now: the subject, also with an expired token; empty when nobody is signed in. */
export const owner = () => user()?.profile.sub ?? "";

/** @param {string} sub @param {string} form "new" or the id of a company */
const place = (sub, form) => `${prefix}${encodeURIComponent(sub)}.${form}`;

/** @param {string} sub @param {string} form @returns {Draft | null} */
export const readDraft = (sub, form) => {
  try {
    const draft = JSON.parse(localStore.getItem(place(sub, form)) ?? "null");
    return draft && typeof draft.values === "object" && Date.now() - draft.time < longest ? draft : null;
  } catch {
    return null;
  }
};

/** @param {string} sub @param {string} form @param {Draft} draft @returns {boolean} false when the browser has no room for it */
export const writeDraft = (sub, form, draft) => {
  try {
    localStore.setItem(place(sub, form), JSON.stringify(draft));
    return true;
  } catch {
    return false;
  }
};

/** @param {string} sub @param {string} form */
export const dropDraft = (sub, form) => localStore.removeItem(place(sub, form));

/** Drops every draft that is too old to matter. */
export const dropOldDrafts = () => {
  for (const name of Object.keys(localStore)) {
    if (!name.startsWith(prefix)) continue;
    const [sub, form] = name.slice(prefix.length).split(".");
    if (!readDraft(decodeURIComponent(sub), form)) localStore.removeItem(name);
  }
};

/** A fresh key: random, so that no two forms share one. */
export const freshKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * The list of companies beyond what its markup asks of htmx: addresses without empty words, one entry in the history for
 * a search and not one for each letter, results that announce themselves, and keys that lead from the field into the list.
 * @module company-list
 */

import { announce, must } from "./dom.js";
import { targetOf } from "./navigation.js";
import { rememberList, startUndo } from "./undo.js";

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  const form = must(panel, "#company-filter", HTMLFormElement);
  const search = must(form, "#search", HTMLInputElement);
  let typing = false; // the entry of the history belongs to this search already
  let paging = false; // the next results are another page of the same list
  rememberList();
  startUndo();

  /** @param {Event} event */
  const configure = (event) => {
    const { ctx } = /** @type {CustomEvent} */ (event).detail;
    paging = ctx.sourceElement.closest("[data-pager]") !== null;
    if (ctx.sourceElement !== form) {
      typing = false;
      return;
    }
    /** @type {FormData} */
    const asked = ctx.request.body;
    for (const [name, value] of [...asked]) if (value === "") asked.delete(name);
    const goesOn = typing && ctx.sourceEvent?.type !== "change";
    typing = ctx.sourceEvent?.type === "input";
    ctx[goesOn ? "replace" : "push"] = "true";
  };

  /** @param {Event} event */
  const swapped = (event) => {
    const { ctx } = /** @type {CustomEvent} */ (event).detail;
    if (targetOf(ctx)?.id !== "company-results") return;
    rememberList();
    const count = panel.querySelector("#company-count");
    announce((count ?? panel.querySelector("#company-results [role=alert] p"))?.textContent?.trim().replace(/\s+/g, " ") ?? "");
    if (!paging) return;
    // Another page of the list is read from its top, by eyes and by screen readers.
    if (count instanceof HTMLElement) count.focus({ preventScroll: true });
    must(panel, "#company-results", HTMLElement).scrollIntoView();
  };

  /** @param {KeyboardEvent} event */
  const pressed = (event) => {
    const at = document.activeElement;
    const writing = at instanceof HTMLElement && (at.matches("input, select, textarea") || at.isContentEditable);
    if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
      search.select();
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const rows = [.../** @type {NodeListOf<HTMLElement>} */ (panel.querySelectorAll("[data-row]"))];
    const row = at instanceof HTMLElement ? rows.indexOf(at) : -1;
    if (row < 0 && (at !== search || event.key === "ArrowUp")) return;
    event.preventDefault();
    const next = row + (event.key === "ArrowDown" ? 1 : -1);
    if (next < 0) search.focus();
    else rows[next]?.focus();
  };

  search.addEventListener("blur", () => { typing = false; });
  document.addEventListener("htmx:config:request", configure);
  document.addEventListener("htmx:after:swap", swapped);
  document.addEventListener("keydown", pressed);
  return () => {
    document.removeEventListener("htmx:config:request", configure);
    document.removeEventListener("htmx:after:swap", swapped);
    document.removeEventListener("keydown", pressed);
  };
};

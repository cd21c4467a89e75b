/**
 * The undo of a deletion: a notice with a button that lasts half a minute, also across a reload. The ring shows how long.
 * When it is gone the company is not: the page of a deleted company can still restore it, and the notice says so.
 * @module undo
 */

import htmx from "htmx.org";
import { make, must } from "./dom.js";
import { visit } from "./navigation.js";
import { drawRing } from "./ring.js";
import { sessionStore } from "./storage.js";

const listKey = "silentrenew.companies";
const undoKey = "silentrenew.undo";

/** How long the notice stays, in milliseconds. */
const patience = 30_000;

/** Notes the address of the list as it is shown, for the way back to it. */
export const rememberList = () => sessionStore.setItem(listKey, location.pathname + location.search);

/** @returns {string} the list as it was shown last */
export const lastList = () => sessionStore.getItem(listKey) ?? "/companies";

/** @typedef {{id: string, name: string, left: number}} Deletion left in milliseconds */

/** @type {Deletion | null} */
let deletion = null;
let timer = 0;
let started = false;

/** Starts listening for deletions, and goes on with one from before a reload. */
export const startUndo = () => {
  if (started) return;
  started = true;
  const notice = must(document, "#undo", HTMLElement);
  document.addEventListener("company-deleted", (event) => {
    const page = event.target instanceof Element ? event.target.closest("[data-id]") : null;
    if (!(page instanceof HTMLElement)) return;
    show(notice, { id: page.dataset.id ?? "", name: page.dataset.name ?? "", left: patience });
    void visit(lastList());
  });
  document.addEventListener("company-restored", () => hide(notice));
  must(notice, "[data-undo]", HTMLButtonElement).addEventListener("click", undo);
  must(notice, "[data-dismiss]", HTMLButtonElement).addEventListener("click", () => hide(notice));
  document.addEventListener("keydown", (event) => {
    const writing = event.target instanceof Element && event.target.matches("input, textarea, select");
    if (notice.hidden || writing || event.key !== "z" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    undo();
  });
  const before = sessionStore.getItem(undoKey);
  if (before) show(notice, JSON.parse(before));
};

const undo = () => {
  if (deletion) void htmx.ajax("POST", `/companies/${deletion.id}/restore`, { target: "#main", swap: "outerSync" });
};

/** @param {HTMLElement} notice @param {Deletion} what */
const show = (notice, what) => {
  deletion = what;
  must(notice, ".Notice-body p", HTMLElement).replaceChildren(
    make("strong", { dir: "auto" }, what.name), " is deleted. Ctrl+Z undoes it; later, ",
    make("a", { href: `/companies/${what.id}` }, "its page"), " can restore it.");
  htmx.process(notice);
  notice.hidden = false;
  clearInterval(timer);
  const ring = must(notice, ".Ring", Element);
  const tick = () => {
    drawRing(ring, "alive", what.left / patience);
    sessionStore.setItem(undoKey, JSON.stringify(what));
    if (what.left <= 0) hide(notice);
    // Whoever reads the notice or is about to press its button has all the time there is.
    else if (!notice.matches(":hover, :focus-within") && !document.hidden) what.left -= 500;
  };
  timer = setInterval(tick, 500);
  tick();
};

/** @param {HTMLElement} notice */
const hide = (notice) => {
  clearInterval(timer);
  deletion = null;
  notice.hidden = true;
  sessionStore.removeItem(undoKey);
};

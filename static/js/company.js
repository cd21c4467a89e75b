/**
 * The page of a company: the way back leads to the list as it was, and a deletion can be undone.
 * @module company
 */

import { lastList, startUndo } from "./undo.js";

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  startUndo();
  panel.querySelector("a[data-back]")?.setAttribute("href", lastList());
};

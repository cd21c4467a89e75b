/**
 * The offer to go on with a draft, on pages other than its form.
 * @module draft-offer
 */

import { onTokenChanged } from "./auth.js";
import { owner, readDraft } from "./drafts.js";

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  const draw = () => { panel.hidden = !owner() || !readDraft(owner(), panel.dataset.form ?? ""); };
  draw();
  return onTokenChanged(draw);
};

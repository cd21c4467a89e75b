/**
 * The ring that empties: draws how much of a lifetime is left into the markup of views/ring.templ.
 * @module ring
 */

/** @param {Element} ring @param {string} state names the colour @param {number} part of the lifetime that is left, 0 to 1 */
export const drawRing = (ring, state, part) => {
  ring.setAttribute("data-state", state);
  const full = Math.min(1, Math.max(0, part));
  /** @type {SVGElement | null} */
  const arc = ring.querySelector(".Ring-left");
  arc?.style.setProperty("stroke-dashoffset", String(100 - full * 100));
};

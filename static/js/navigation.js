/**
 * Navigation swaps <main> only, so the UserManager and its timers live on. What a page load would have done by itself is
 * done here: the focus goes to the new heading, the title is said aloud, the menu marks where we are, a bar shows that
 * something is on its way, and Back leads to the very place that was left.
 * @module navigation
 */

import htmx from "htmx.org";
import { announce } from "./dom.js";

/** Loads a page of this site into <main>. @param {string} path @param {"push" | "replace" | "none"} [remember] what becomes of the address */
export const visit = (path, remember = "push") =>
  htmx.ajax("GET", path, {
    target: "#main",
    swap: "outerSync",
    ...(remember === "push" && { push: "true" }),
    ...(remember === "replace" && { replace: "true" }),
  });

/** The element that an answer goes into. A header or an attribute may have named it by a selector. @param {{target?: Element | string}} [ctx] */
export const targetOf = (ctx) => (typeof ctx?.target === "string" ? document.querySelector(ctx.target) : ctx?.target);

/** Starts following navigations. @param {(main: HTMLElement) => void} arrived called with <main> after each swap of it */
export const startNavigation = (arrived) => {
  let restored = false;
  document.addEventListener("htmx:before:history:restore", () => { restored = true; });
  document.addEventListener("htmx:before:history:update", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.history.type === "push") rememberPlace();
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const main = document.getElementById("main");
    const { ctx } = /** @type {CustomEvent} */ (event).detail;
    if (!main || targetOf(ctx) !== main || ctx.swap === "none") return; // none: 204 left everything as it was
    markCurrent();
    const heading = main.querySelector("h1");
    heading?.setAttribute("tabindex", "-1");
    const back = restored && returnToPlace();
    if (!restored) scrollTo(0, 0);
    restored = false;
    if (!back && !main.querySelector("[autofocus]")) heading?.focus({ preventScroll: true });
    announce(ctx.title || heading?.textContent || "");
    arrived(main);
  });
  let waiting = 0;
  document.addEventListener("htmx:before:request", () => document.documentElement.toggleAttribute("data-loading", ++waiting > 0));
  document.addEventListener("htmx:finally:request", () => document.documentElement.toggleAttribute("data-loading", (waiting = Math.max(0, waiting - 1)) > 0));
  document.addEventListener("htmx:error", (event) => {
    if (/** @type {CustomEvent} */ (event).detail?.ctx) announceOffline();
  });
  markCurrent();
};

/** Notes in the entry of the history that is left where the page was scrolled to and what had the focus. */
const rememberPlace = () => {
  history.replaceState({ ...history.state, place: { top: scrollY, focus: document.activeElement?.id ?? "" } }, "");
};

/** @returns {boolean} whether this entry knows its place and something there took the focus */
const returnToPlace = () => {
  const { place } = history.state ?? {};
  if (!place) return false;
  scrollTo(0, place.top);
  const left = place.focus ? document.getElementById(place.focus) : null;
  left?.focus({ preventScroll: true });
  return Boolean(left);
};

/** Marks the links that lead to where we are. */
const markCurrent = () => {
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".Menu a, .LabBar a"))) {
    const here = location.pathname === link.pathname;
    const below = link.pathname !== "/" && location.pathname.startsWith(`${link.pathname}/`);
    if (here || below) link.setAttribute("aria-current", here ? "page" : "true");
    else link.removeAttribute("aria-current");
  }
  const bar = document.querySelector(".LabBar"); // on a phone it is wider than the screen
  const current = bar?.querySelector("[aria-current]");
  if (bar && current instanceof HTMLElement) bar.scrollLeft = current.offsetLeft - (bar.clientWidth - current.offsetWidth) / 2;
};

const announceOffline = () => {
  const offline = document.getElementById("offline");
  if (offline) offline.hidden = false;
  addEventListener("htmx:after:swap", () => { if (offline) offline.hidden = true; }, { once: true });
};

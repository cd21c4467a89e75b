/**
 * Navigation swaps <main> only, so the UserManager and its timers live on. What a page load would have done by itself is
 * done here: the focus goes to the new heading, the title is said aloud, the menu marks where we are.
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

/** Starts following navigations. @param {(main: HTMLElement) => void} arrived called with <main> after each swap of it */
export const startNavigation = (arrived) => {
  let restored = false;
  document.addEventListener("htmx:before:history:restore", () => { restored = true; });
  document.addEventListener("htmx:after:swap", (event) => {
    const main = document.getElementById("main");
    const { ctx } = /** @type {CustomEvent} */ (event).detail;
    if (!main || ctx.target !== main) return;
    markCurrent();
    if (!restored) scrollTo(0, 0);
    restored = false;
    const heading = main.querySelector("h1");
    heading?.setAttribute("tabindex", "-1");
    if (!main.querySelector("[autofocus]")) heading?.focus({ preventScroll: true });
    announce(ctx.title || heading?.textContent || "");
    arrived(main);
  });
  document.addEventListener("htmx:error", (event) => {
    const { ctx } = /** @type {CustomEvent} */ (event).detail ?? {};
    if (ctx?.target?.id === "main") announceOffline();
  });
  markCurrent();
};

/** Marks the links that lead to where we are. */
const markCurrent = () => {
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".Menu a, .LabBar a"))) {
    const here = location.pathname === link.pathname;
    const below = link.pathname !== "/" && location.pathname.startsWith(`${link.pathname}/`);
    if (here || below) link.setAttribute("aria-current", here ? "page" : "true");
    else link.removeAttribute("aria-current");
  }
};

const announceOffline = () => {
  const offline = document.getElementById("offline");
  if (offline) offline.hidden = false;
  addEventListener("htmx:after:swap", () => { if (offline) offline.hidden = true; }, { once: true });
};

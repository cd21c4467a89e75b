/**
 * The menu follows the user: anonymous people see Login, signed-in ones Companies and Logout, Admins Privacy as well.
 * @module menu
 */

import { isLoggedIn, login, logout, onLoginChanged, onTokenChanged, roles, user } from "./auth.js";
import { mayCarryToken } from "./bearer.js";
import { must, setText } from "./dom.js";

/** Starts the menu. */
export const startMenu = () => {
  const loginButton = must(document, "#login", HTMLButtonElement);
  const logoutButton = must(document, "#logout", HTMLButtonElement);
  const companies = must(document, '.Menu a[href="/companies"]', HTMLAnchorElement);
  const privacy = must(document, '.Menu a[href="/privacy"]', HTMLAnchorElement);
  const who = must(document, "#who", HTMLElement);

  const draw = () => {
    const signedIn = isLoggedIn();
    loginButton.hidden = signedIn;
    logoutButton.hidden = !signedIn;
    companies.hidden = !signedIn;
    const admin = signedIn && roles().includes("Admin");
    privacy.hidden = !admin;
    who.hidden = !signedIn;
    setText(who, signedIn ? nameOf(user()) : "");
    document.documentElement.dataset.auth = signedIn ? "in" : "out"; // for .When-in and .When-out
    document.documentElement.dataset.admin = String(admin); // for .When-admin
  };

  // Any page may offer the two actions: a click anywhere on [data-login] or [data-logout] counts.
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target.closest("[data-login], [data-logout]") : null;
    if (!target) return;
    event.preventDefault();
    if (target.hasAttribute("data-login")) void login(returnPath(target));
    else void logout();
  });
  onLoginChanged(draw);
  onTokenChanged(draw);
  draw();
};

/** Where to come back to: what the button says, the page that was refused, or this one where only a token leads. @param {Element} button */
const returnPath = (button) =>
  button.getAttribute("data-login") || document.querySelector("main")?.getAttribute("data-return-after-login")
    || (mayCarryToken(location.href) ? location.pathname + location.search : undefined);

/** @param {import("./strategy.js").Session | null} user */
const nameOf = (user) => user?.profile.name ?? user?.profile.given_name ?? user?.profile.preferred_username ?? user?.profile.sub ?? "";

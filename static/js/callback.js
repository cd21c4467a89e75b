/**
 * The callback pages: back from the provider, after a sign-in or a sign-out. The address with the code is replaced at once.
 * @module callback
 */

import { finishLogin, finishLogout } from "./auth.js";
import { make, must, report } from "./dom.js";
import { visit } from "./navigation.js";
import { codeOf, messageOf } from "./oidc-error.js";
import { emit } from "./page-events.js";

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  void (panel.dataset.callback === "signin" ? signin(panel) : signout());
};

/** @param {HTMLElement} panel */
const signin = async (panel) => {
  try {
    await visit(await finishLogin(), "replace");
  } catch (error) {
    const code = codeOf(error);
    emit("callback.signin", { outcome: code, reason: messageOf(error) });
    must(panel, "h1", HTMLElement).textContent = code === "access_denied" ? "The sign-in was cancelled" : "The sign-in did not work";
    must(panel, "[data-waiting]", HTMLElement).hidden = true;
    report(must(panel, "[data-result]", HTMLElement), code === "access_denied" ? "info" : "error",
      make("p", {}, make("code", {}, code), ` ${messageOf(error)}`));
    must(panel, "[data-again]", HTMLElement).hidden = false;
  }
};

const signout = async () => {
  await finishLogout();
  await visit("/", "replace");
};

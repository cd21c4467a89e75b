/**
 * A login that was begun elsewhere (OIDC Core §4): the server has checked what was sent, this leaves for the provider.
 * @module initiate-login
 */

import { login } from "./auth.js";

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  void login(panel.dataset.target, panel.dataset.loginHint || undefined);
};

/**
 * What went wrong, by its code: the registered one when the provider gave one (OIDC Core §3.1.2.6), a word of our own
 * otherwise.
 * @module oidc-error
 */

import { ErrorTimeout } from "oidc-client-ts";

/** @param {unknown} error ErrorResponse and RenewalError carry the code as their property error */
export const codeOf = (error) => {
  if (error instanceof Error && "error" in error && typeof error.error === "string" && error.error) return error.error;
  return error instanceof ErrorTimeout ? "timeout" : "client_error";
};

/** @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

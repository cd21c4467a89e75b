/**
 * One correlation id for everything that belongs to one sign-in or one renewal: the authorization request, the token
 * request, userinfo and the API calls that follow. It survives the redirect of a sign-in in sessionStorage.
 * @module correlation
 */

import { sessionStore } from "./storage.js";

const key = "silentrenew.correlation";

/** The header that carries the id on requests made by script; an authorization request has the parameter correlation_id. */
export const correlationHeader = "X-Correlation-ID";

const fresh = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
};

let current = sessionStore.getItem(key) ?? "";

/** @returns {string} the id of what is going on now */
export const correlationID = () => current || nextCorrelation();

/** Starts the next story. @returns {string} its id */
export const nextCorrelation = () => {
  current = fresh();
  sessionStore.setItem(key, current);
  return current;
};

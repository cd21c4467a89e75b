/**
 * The state of the access token in one word, the same for badge, panels and pages: none, alive, expiring (inside the
 * lead time) or expired.
 * @module token-state
 */

import { lead, tokenLifetime, user } from "./auth.js";
import { now } from "./format.js";

/**
 * @typedef {object} TokenState
 * @property {"none" | "alive" | "expiring" | "expired"} state
 * @property {number} left seconds until it expires, below 0 when it has
 * @property {number} total its lifetime in seconds, 0 when unknown
 * @property {number} expiresAt seconds since the epoch, 0 when there is none
 */

/** @returns {TokenState} */
export const tokenState = () => {
  const current = user();
  if (!current?.expires_at) return { state: "none", left: 0, total: 0, expiresAt: 0 };
  const left = current.expires_at - now();
  const total = tokenLifetime() || Math.max(left, 1);
  const state = left <= 0 ? "expired" : left <= lead() ? "expiring" : "alive";
  return { state, left, total, expiresAt: current.expires_at };
};

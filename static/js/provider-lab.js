/**
 * The provider's and the API's switches for learners: lifetimes, cookie options, leeway, and the provider's own session.
 * They exist only in the lab.
 * @module provider-lab
 */

import { config } from "./config.js";

/** What went wrong, in the server's words. */
export class LabError extends Error {}

/** @param {string} url @param {RequestInit} [init] @returns {Promise<any>} */
const ask = async (url, init = {}) => {
  let response;
  try {
    response = await fetch(url, init);
  } catch {
    throw new LabError(`${new URL(url).host} does not answer.`);
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new LabError(body.detail || body.title || `${response.status} ${response.statusText}`);
  return body;
};

/** @param {string} url @param {Record<string, unknown>} change */
const change = (url, change) =>
  ask(url, { method: "PATCH", headers: { "Content-Type": "application/json" }, body: JSON.stringify(change) });

const clientURL = () => `${config.authority}/lab/clients/${encodeURIComponent(String(config.settings.client_id))}`;
const optionsURL = () => `${config.authority}/lab/options`;
const apiOptionsURL = () => `${config.api}/api/lab/options`;

/** The row of Clients, under the names of its columns. @returns {Promise<{AccessTokenLifetime: number}>} */
export const readClient = () => ask(clientURL());
/** @param {number} seconds @returns {Promise<{AccessTokenLifetime: number}>} */
export const saveLifetime = (seconds) => change(clientURL(), { AccessTokenLifetime: seconds });

/** @returns {Promise<Record<string, string>>} */
export const readOptions = () => ask(optionsURL());
/** @param {Record<string, string>} options @returns {Promise<Record<string, string>>} */
export const saveOptions = (options) => change(optionsURL(), options);

/** @returns {Promise<Record<string, string>>} */
export const readAPIOptions = () => ask(apiOptionsURL());
/** @param {Record<string, string>} options @returns {Promise<Record<string, string>>} */
export const saveAPIOptions = (options) => change(apiOptionsURL(), options);

/**
 * The caller's session at the provider, as its cookie shows it.
 * @typedef {object} ProviderSession
 * @property {boolean} signed_in
 * @property {string} [sub]
 * @property {string} [name]
 * @property {string} [sid]
 * @property {string} [auth_time] RFC 3339, as all times here
 * @property {string} [created]
 * @property {string} [renewed]
 * @property {string} [expires]
 * @property {number} [lifetime] seconds
 * @property {boolean} [remember]
 * @property {boolean} [sliding]
 * @property {string[]} [clients]
 * @returns {Promise<ProviderSession>}
 */
export const readSession = () => ask(`${config.authority}/lab/session`, { credentials: "include" });

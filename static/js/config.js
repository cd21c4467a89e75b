/**
 * What the page was told by its server: where the provider and the API are and what this client is registered with.
 * @module config
 */

/**
 * @typedef {object} Config
 * @property {string} authority issuer of the provider
 * @property {string} api root URL of the API
 * @property {boolean} lab whether lifetimes may be changed from the page
 * @property {boolean} bff whether the server can keep the tokens (strategy-bff.js)
 * @property {{method: string, path: string, calls: string[]}[]} calls the calls of the API that each request of this site takes, for which a bound token needs proofs
 * @property {Record<string, unknown>} settings the UserManager settings this client starts with
 */

/** @returns {Config} */
const read = () => {
  const text = document.getElementById("client-config")?.textContent;
  if (!text) throw new Error("the page carries no #client-config");
  return JSON.parse(text);
};

export const config = read();

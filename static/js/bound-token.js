/**
 * Requests for our own pages with a token that is bound to a key (RFC 9449). The page's server calls the API and holds no
 * key, so the page makes a proof for each call that the answer will take, and the server hands them on.
 * @module bound-token
 */

import { config } from "./config.js";

/** The API calls that a request of this site takes, with the names in them filled in. @param {string} method @param {string} path @returns {string[]} */
const callsOf = (method, path) => {
  const segments = path.split("/");
  for (const row of config.calls) {
    const pattern = row.path.split("/");
    if (row.method !== method || pattern.length !== segments.length) continue;
    if (!pattern.every((part, i) => part.startsWith(":") || part === segments[i])) continue;
    const names = Object.fromEntries(pattern.map((part, i) => [part, segments[i]]));
    return row.calls.map((call) => call.replaceAll(/:\w+/g, (name) => names[name] ?? name));
  }
  return [];
};

/**
 * How renew.js shows a bound token to our own pages: with the proofs that the page's server hands on.
 * @param {import("oidc-client-ts").UserManager} manager
 * @returns {(request: Request, user: import("oidc-client-ts").User, nonce?: string) => Promise<HeadersInit | undefined>}
 */
export const presentTo = (manager) => async ({ url, method }, user, nonce) => {
  const { origin, pathname } = new URL(url);
  const calls = origin === location.origin ? callsOf(method, pathname) : [];
  if (calls.length === 0) return undefined; // the API itself, or userinfo
  const proofs = calls.map((call) => {
    const [verb, path] = call.split(" ");
    return manager.dpopProof(`${config.api}${path}`, user, verb, nonce);
  });
  return { Authorization: `DPoP ${user.access_token}`, "X-DPoP-Forward": (await Promise.all(proofs)).join(", ") };
};

/**
 * Requests for our own pages with a token that is bound to a key (RFC 9449). The page's server calls the API and holds no
 * key, so the page makes a proof for each call that the answer will take, and the server hands them on.
 * @module bound-fetch
 */

import { config } from "./config.js";

/** @typedef {ReturnType<typeof import("./renew.js").createRenewal>} Renewal */

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
 * @param {import("oidc-client-ts").UserManager} manager @param {Renewal} renewal @param {string} url @param {RequestInit} init
 * @returns {Promise<Response>}
 */
export const boundFetch = async (manager, renewal, url, init) => {
  const calls = callsOf((init.method ?? "GET").toUpperCase(), new URL(url).pathname);
  const ask = async (/** @type {string | null} */ nonce) => {
    const headers = new Headers(init.headers);
    const token = await renewal.freshAccessToken().catch(() => undefined);
    if (token) {
      const proofs = calls.map((call) => {
        const [method, path] = call.split(" ");
        return manager.dpopProof(`${config.api}${path}`, /** @type {import("oidc-client-ts").User} */ (renewal.user()), method, nonce ?? undefined);
      });
      headers.set("Authorization", `DPoP ${token}`);
      headers.set("X-DPoP-Forward", (await Promise.all(proofs)).join(", "));
    }
    return await fetch(url, { ...init, headers });
  };
  let answer = await ask(null);
  const nonce = answer.headers.get("DPoP-Nonce");
  if (answer.status === 401 && nonce) answer = await ask(nonce);
  if (answer.status !== 401 || !renewal.user()) return answer;
  try {
    await renewal.renew(); // once, as renew.js does for the API itself
  } catch {
    return answer;
  }
  return await ask(nonce);
};

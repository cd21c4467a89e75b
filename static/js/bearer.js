/**
 * bearer puts the access token on requests for pages made of the API's data and on calls of the API, and on nothing else
 * (RFC 6750 §2.1). An expired token is never sent: the API then says 401, and the page says what to do about it.
 * @module bearer
 */

import { send } from "./auth.js";
import { config } from "./config.js";
import { correlationHeader, correlationID } from "./correlation.js";

/** The part of the API that takes tokens, and what belongs to the provider, also when both share one origin with us. */
const apiRoot = `${config.api}/api/`;
const providerRoot = `${config.authority}/`;

/** Our own pages whose content comes from the API. */
const pages = ["/companies", "/privacy"];

/** @param {string} url @returns {boolean} whether a request to the URL may carry the token */
export const mayCarryToken = (url) => {
  const target = new URL(url, location.href);
  if (target.href.startsWith(apiRoot)) return true;
  if (target.href.startsWith(providerRoot)) return false;
  return target.origin === location.origin && pages.some((page) => target.pathname === page || target.pathname.startsWith(`${page}/`));
};

/**
 * fetch with the token where it belongs, and without where it does not.
 * @param {string} url @param {RequestInit} init
 */
const fetchWithToken = (url, init) => {
  if (!mayCarryToken(url)) return fetch(url, init);
  const headers = new Headers(init.headers);
  headers.set(correlationHeader, correlationID());
  return send(new URL(url, location.href).href, { ...init, headers });
};

/** fetch with the token, for calls the page makes to the API itself. @param {string} path below the API's root @param {RequestInit} [init] */
export const fetchAPI = (path, init = {}) => fetchWithToken(new URL(path, `${config.api}/`).href, { ...init, credentials: "omit" });

/** Decorates every htmx request from now on: htmx sends it by the function it finds in the request's context. */
export const decorateRequests = () => {
  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = /** @type {CustomEvent} */ (event).detail;
    ctx.fetch = fetchWithToken;
  });
};

/**
 * bearer puts the access token on requests for content of this site and on calls of the API, and on nothing else
 * (RFC 6750 §2.1). An expired token is never sent: the API then says 401, and the page says what to do about it.
 * @module bearer
 */

import { accessToken } from "./auth.js";
import { config } from "./config.js";
import { correlationHeader, correlationID } from "./correlation.js";

/** The part of the API that takes tokens, and what belongs to the provider, also when both share one origin with us. */
const apiRoot = `${config.api}/api/`;
const providerRoot = `${config.authority}/`;

/** @param {string} url @returns {boolean} whether a request to the URL may carry the token */
const mayCarryToken = (url) => {
  const target = new URL(url, location.href);
  if (target.href.startsWith(apiRoot)) return true;
  if (target.href.startsWith(providerRoot)) return false;
  return target.origin === location.origin && !target.pathname.startsWith("/static/") && target.pathname !== "/events";
};

/** The headers for a request to the URL: a token only where it belongs and while it lives. @param {string} url @returns {Record<string, string>} */
const headersFor = (url) => {
  if (!mayCarryToken(url)) return {};
  const token = accessToken();
  return { [correlationHeader]: correlationID(), ...(token && { Authorization: `Bearer ${token}` }) };
};

/** fetch with the token, for calls the page makes to the API itself. @param {string} path below the API's root @param {RequestInit} [init] */
export const fetchAPI = (path, init = {}) => {
  const url = new URL(path, `${config.api}/`).href;
  return fetch(url, { ...init, headers: { ...headersFor(url), ...init.headers }, credentials: "omit" });
};

/** Decorates every htmx request from now on. */
export const decorateRequests = () => {
  document.addEventListener("htmx:config:request", (event) => {
    const { request } = /** @type {CustomEvent} */ (event).detail.ctx;
    Object.assign(request.headers, headersFor(request.action || location.href));
  });
};

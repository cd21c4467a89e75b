/**
 * The browser's two stores, or memory where the browser keeps nothing for this site: reading them then throws.
 * @module storage
 */

import { InMemoryWebStorage } from "oidc-client-ts";

/** @param {() => Storage} open @returns {Storage | null} */
const tried = (open) => {
  try {
    const store = open();
    const probe = "silentrenew.probe";
    store.setItem(probe, "1");
    store.removeItem(probe);
    return store;
  } catch {
    return null;
  }
};

const session = tried(() => window.sessionStorage);
const local = tried(() => window.localStorage);

/** Whether the browser blocks cookies and storage for this site. A sign-in cannot work then: nothing outlives the redirect. */
export const storageBlocked = session === null || local === null;

/** This tab's store. @type {Storage} */
export const sessionStore = session ?? new InMemoryWebStorage();
/** The store of all tabs. @type {Storage} */
export const localStore = local ?? new InMemoryWebStorage();

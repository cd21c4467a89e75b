/**
 * The UserManager settings a learner may change: their names, their types, and what is wrong with a set of them.
 * A misspelt name is reported, never ignored. What was changed is kept in localStorage on top of what the server gave.
 * @module settings
 */

import { WebStorageStateStore } from "oidc-client-ts";
import { config } from "./config.js";
import { localStore, sessionStore } from "./storage.js";

/** @typedef {Record<string, unknown>} Settings */
/** @typedef {{name: string, message: string, suggestion?: string}} Problem */

const storageKey = "silentrenew.settings";

/** The ways to keep a session alive, see strategy.js. @type {readonly string[]} */
export const strategyNames = ["article", "none", "iframe", "refresh", "bff"];

/**
 * Every setting of oidc-client-ts 3.5 that can be written as JSON, with its type. userStore is "session" or "local" here;
 * strategy, dpop and idleLimitInSeconds are our own.
 */
const types = /** @type {Record<string, "string" | "uri" | "boolean" | "seconds" | "number" | "list" | "object" | "store" | "strategy">} */ ({
  strategy: "strategy",
  dpop: "boolean",
  idleLimitInSeconds: "seconds",
  authority: "uri",
  client_id: "string",
  redirect_uri: "uri",
  response_type: "string",
  scope: "string",
  post_logout_redirect_uri: "uri",
  silent_redirect_uri: "uri",
  automaticSilentRenew: "boolean",
  accessTokenExpiringNotificationTimeInSeconds: "seconds",
  loadUserInfo: "boolean",
  monitorSession: "boolean",
  includeIdTokenInSilentRenew: "boolean",
  userStore: "store",
  validateSubOnSilentRenew: "boolean",
  silentRequestTimeoutInSeconds: "seconds",
  requestTimeoutInSeconds: "seconds",
  maxSilentRenewTimeoutRetries: "number",
  checkSessionIntervalInSeconds: "seconds",
  stopCheckSessionOnError: "boolean",
  monitorAnonymousSession: "boolean",
  query_status_response_type: "string",
  staleStateAgeInSeconds: "seconds",
  filterProtocolClaims: "boolean",
  mergeClaimsStrategy: "object",
  extraTokenParams: "object",
  prompt: "string",
  display: "string",
  max_age: "seconds",
  ui_locales: "string",
  acr_values: "string",
  resource: "string",
  response_mode: "string",
  metadataUrl: "uri",
  redirectMethod: "string",
  redirectTarget: "string",
  revokeTokensOnSignout: "boolean",
  revokeTokenTypes: "list",
  includeIdTokenInSilentSignout: "boolean",
  fetchRequestCredentials: "string",
  disablePKCE: "boolean",
  omitScopeWhenRequesting: "boolean",
});

const required = ["authority", "client_id", "redirect_uri"];

/** Names other libraries, and the article's older one, use for the same thing. */
const elsewhere = /** @type {Record<string, string>} */ ({
  accesstokenexpiringnotificationtime: "accessTokenExpiringNotificationTimeInSeconds",
  silentrequesttimeout: "silentRequestTimeoutInSeconds",
  checksessioninterval: "checkSessionIntervalInSeconds",
  stalestateage: "staleStateAgeInSeconds",
  issuer: "authority",
  silentrefreshredirecturi: "silent_redirect_uri",
  silentredirecturi: "silent_redirect_uri",
  postlogoutredirecturi: "post_logout_redirect_uri",
  validatesub: "validateSubOnSilentRenew",
});

/** The names a set of settings may use. */
const settingNames = Object.keys(types);

const plain = (/** @type {string} */ name) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");

/** How many letters must change to make one word the other. @param {string} a @param {string} b */
const distance = (a, b) => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
};

/** The name that was probably meant, if any. @param {string} wrong @returns {string | undefined} */
const suggestName = (wrong) => {
  const word = plain(wrong);
  const same = settingNames.find((name) => plain(name) === word) ?? elsewhere[word];
  if (same) return same;
  const scored = settingNames.map((name) => ({ name, score: distance(plain(name), word) })).sort((a, b) => a.score - b.score);
  return scored[0].score <= Math.max(2, Math.floor(word.length / 4)) ? scored[0].name : undefined;
};

/** @param {string} name @param {unknown} value @returns {string | undefined} what is wrong with the value */
const wrongValue = (name, value) => {
  if (value === null && !required.includes(name)) return undefined; // null unsets what the server gave
  switch (types[name]) {
    case "boolean":
      return typeof value === "boolean" ? undefined : "must be true or false, without quotes";
    case "seconds":
    case "number":
      if (typeof value !== "number" || !Number.isFinite(value)) return "must be a number, without quotes";
      return value < 0 || value > 31_536_000 ? "must be between 0 and 31536000" : undefined;
    case "store":
      return value === "session" || value === "local" ? undefined : 'must be "session" or "local"';
    case "strategy":
      return strategyNames.includes(String(value)) ? undefined : `must be one of ${strategyNames.join(", ")}`;
    case "list":
      return Array.isArray(value) ? undefined : "must be a list";
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value) ? undefined : "must be an object";
    case "uri":
      if (typeof value !== "string" || !URL.canParse(value)) return "must be an absolute URL";
      return /^https?:$/.test(new URL(value).protocol) ? undefined : "must be an http or https URL";
    default:
      return typeof value === "string" && value !== "" ? undefined : "must be text";
  }
};

/** Everything that is wrong with a set of settings. @param {Settings} settings @returns {Problem[]} */
export const problemsOf = (settings) => {
  /** @type {Problem[]} */
  const problems = [];
  for (const [name, value] of Object.entries(settings)) {
    if (!Object.hasOwn(types, name)) {
      const suggestion = suggestName(name);
      problems.push({ name, suggestion, message: suggestion ? `is not a setting; did you mean ${suggestion}?` : "is not a setting of this library" });
      continue;
    }
    const wrong = wrongValue(name, value);
    if (wrong) problems.push({ name, message: wrong });
  }
  for (const name of required) {
    if (!(name in settings)) problems.push({ name, message: "is missing" });
  }
  return problems;
};

/** What the learner changed, on top of what the server gave. @returns {Settings} */
export const changedSettings = () => {
  try {
    const saved = JSON.parse(localStore.getItem(storageKey) ?? "{}");
    return typeof saved === "object" && saved !== null && !Array.isArray(saved) ? saved : {};
  } catch {
    return {}; // somebody wrote nonsense into the storage
  }
};

/** The settings as they are now, names and all. @returns {Settings} */
export const currentSettings = () => ({ ...config.settings, ...changedSettings() });

/** The strategy that is chosen. @returns {string} */
export const currentStrategy = () => {
  const { strategy } = currentSettings();
  return strategyNames.includes(String(strategy)) ? String(strategy) : "article";
};

/** Keeps what differs from the server's settings. @param {Settings} settings */
export const saveSettings = (settings) => {
  const changed = Object.entries(settings).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(config.settings[name]),
  );
  if (changed.length === 0) localStore.removeItem(storageKey);
  else localStore.setItem(storageKey, JSON.stringify(Object.fromEntries(changed)));
};

/** Forgets every change. */
export const resetSettings = () => localStore.removeItem(storageKey);

/**
 * The settings as the library takes them: known names with usable values only, userStore as an object.
 * @param {Settings} settings
 * @returns {import("oidc-client-ts").UserManagerSettings}
 */
export const forLibrary = (settings) => {
  const usable = Object.fromEntries(
    Object.entries(settings).filter(([name, value]) => Object.hasOwn(types, name) && !wrongValue(name, value)),
  );
  const merged = Object.fromEntries(Object.entries({ ...config.settings, ...usable }).filter(([, value]) => value !== null));
  const store = merged.userStore === "local" ? localStore : sessionStore;
  delete merged.strategy; // ours, not the library's
  delete merged.idleLimitInSeconds;
  delete merged.dpop;
  // The server gave every required setting, so merged has them.
  return /** @type {import("oidc-client-ts").UserManagerSettings} */ (/** @type {unknown} */ ({ ...merged, userStore: new WebStorageStateStore({ store }), stateStore: new WebStorageStateStore({ store: localStore }) }));
};

/**
 * What the library made of the settings, with its own defaults filled in.
 * @param {import("oidc-client-ts").UserManagerSettingsStore} store
 * @returns {[string, unknown][]}
 */
export const effectiveSettings = (store) =>
  settingNames.map((name) => {
    if (name === "strategy") return [name, currentStrategy()];
    if (name === "dpop") return [name, currentSettings().dpop === true];
    if (name === "idleLimitInSeconds") return [name, currentSettings().idleLimitInSeconds];
    if (name === "userStore") return [name, currentSettings().userStore === "local" ? "local" : "session"];
    return [name, /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (store))[name]];
  });

/**
 * Panels are the live parts of a page: any element with data-panel="name" is brought to life by the module of that name,
 * loaded when the first one appears, and put to rest when navigation takes it away.
 * @module panels
 */

/** @typedef {{mount: (element: HTMLElement) => (() => void) | void}} Panel */

const modules = /** @type {Record<string, () => Promise<Panel>>} */ ({
  api: () => import("./panel-api.js"),
  badge: () => import("./panel-badge.js"),
  callback: () => import("./callback.js"),
  cases: () => import("./panel-cases.js"),
  companies: () => import("./company-list.js"),
  company: () => import("./company.js"),
  cookie: () => import("./panel-cookie.js"),
  draft: () => import("./draft.js"),
  initiate: () => import("./initiate-login.js"),
  lifetime: () => import("./panel-lifetime.js"),
  lose: () => import("./panel-lose.js"),
  offer: () => import("./draft-offer.js"),
  renew: () => import("./panel-renew.js"),
  sequence: () => import("./sequence.js"),
  session: () => import("./panel-session.js"),
  settings: () => import("./panel-settings.js"),
  strategies: () => import("./panel-strategies.js"),
  stolen: () => import("./stolen-token.js"),
  token: () => import("./panel-token.js"),
});

/** @type {Map<HTMLElement, (() => void) | void>} */
const mounted = new Map();

/** Brings the panels of the page to life and puts those to rest that have gone. */
export const mountPanels = async () => {
  for (const [element, rest] of mounted) {
    if (element.isConnected) continue;
    rest?.();
    mounted.delete(element);
  }
  const fresh = [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-panel]"))].filter((e) => !mounted.has(e));
  await Promise.all(fresh.map(async (element) => {
    mounted.set(element, undefined);
    const module = await modules[element.dataset.panel ?? ""]?.();
    if (!module || !element.isConnected) return;
    mounted.set(element, module.mount(element));
    element.dataset.ready = "true";
  }));
};

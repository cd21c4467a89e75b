/**
 * The strategies compared, with evidence of the moment: what a script finds in this browser, what the provider answers to a
 * hidden frame, and what a renewal takes, hop by hop from the event bus.
 * @module panel-strategies
 */

import { InMemoryWebStorage, WebStorageStateStore } from "oidc-client-ts";
import { applySettings, onTokenChanged, renew, strategyName, user } from "./auth.js";
import { config } from "./config.js";
import { correlationID } from "./correlation.js";
import { make, must, report, setText } from "./dom.js";
import { codeOf, messageOf } from "./oidc-error.js";
import { emit } from "./page-events.js";
import { currentSettings, problemsOf, saveSettings } from "./settings.js";
import { localStore, sessionStore } from "./storage.js";
import { newManager, removeFrames } from "./user-manager.js";

/** @typedef {import("./sequence.js").ServerEvent} ServerEvent */
/** @typedef {"ok" | "error" | "info"} Tone */

/** How a JWT looks: this is what a thief's script would search for. */
const tokenShape = /eyJ[\w-]{10,}\.[\w-]{10,}/;
const measuredKey = "silentrenew.measured"; // in sessionStorage: the last renewal of each strategy
const hopsAfter = 700; // milliseconds until the page's own events have reached the bus

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  const name = must(panel, "[data-current-name]", HTMLElement);
  const hops = must(panel, "[data-hops]", HTMLElement);
  const cards = [.../** @type {NodeListOf<HTMLElement>} */ (panel.querySelectorAll("[data-way]"))];
  const result = (/** @type {string} */ of) => must(panel, `[data-result=${of}]`, HTMLElement);

  const draw = () => {
    const bound = currentSettings().dpop === true;
    const current = strategyName() === "refresh" && bound ? "refresh-dpop" : strategyName();
    setText(name, current === "article" ? "article: the library's own hidden frame" : current);
    const measured = readMeasured();
    for (const card of cards) {
      card.toggleAttribute("data-current", card.dataset.way === current);
      const wanted = JSON.parse(card.dataset.settings ?? "{}");
      const unusable = wanted.dpop && problemsOf({ ...currentSettings(), ...wanted }).some((problem) => problem.name === "dpop");
      must(card, "[data-use]", HTMLButtonElement).hidden = unusable || card.dataset.way === current;
      const line = must(card, "[data-measured]", HTMLElement);
      line.hidden = !measured[card.dataset.way ?? ""];
      setText(line, measured[card.dataset.way ?? ""] ?? "");
    }
    return current;
  };

  /** @type {Record<string, () => Promise<[Tone, string]>>} */
  const trials = {
    search: async () => search(),
    frame: () => askInFrame(panel.hasAttribute("data-other-site")),
    renew: async () => {
      hops.hidden = true;
      const started = performance.now();
      try {
        await renew();
      } catch (error) {
        return ["error", `Not renewed: ${codeOf(error)}. ${messageOf(error)}`];
      }
      const took = Math.round(performance.now() - started);
      const found = config.lab ? await hopsOf(correlationID()) : [];
      hops.replaceChildren(...found.map((hop) => make("li", {}, hop)));
      hops.hidden = found.length === 0;
      const summary = `${took} ms${found.length ? `, ${found.length} ${found.length === 1 ? "hop" : "hops"}` : ""}`;
      saveMeasured(draw(), `last renewal: ${summary}`);
      draw();
      return ["ok", `Renewed in ${summary}.`];
    },
  };

  panel.addEventListener("click", async ({ target }) => {
    const button = target instanceof Element ? target.closest("button") : null;
    if (!(button instanceof HTMLButtonElement)) return;
    const trial = button.dataset.try;
    const card = button.closest("[data-way]");
    button.disabled = true;
    if (trial) {
      report(result(trial), "info", "…");
      report(result(trial), ...(await trials[trial]()));
    } else if (card instanceof HTMLElement) {
      await use(JSON.parse(card.dataset.settings ?? "{}"));
      report(result("use"), "info", user() ? `In charge now: ${draw()}. You are still signed in.` : `In charge now: ${draw()}. Press Login: while the provider knows you it asks for no password.`);
    }
    button.disabled = false;
    draw();
  });
  draw();
  return onTokenChanged(draw);
};

/** @param {Record<string, unknown>} wanted null leaves a setting out */
const use = async (wanted) => {
  const settings = { ...currentSettings(), ...wanted };
  for (const [name, value] of Object.entries(wanted)) if (value === null) delete settings[name];
  saveSettings(settings);
  await applySettings();
  emit("settings.changed", { parameters: { strategy: String(wanted.strategy) } });
};

/** Looks where a script of anybody's could look. @returns {[Tone, string]} */
const search = () => {
  const places = [];
  for (const [name, store] of /** @type {[string, Storage][]} */ ([["localStorage", localStore], ["sessionStorage", sessionStore]])) {
    for (let i = 0; i < store.length; i++) {
      const key = store.key(i) ?? "";
      if (tokenShape.test(store.getItem(key) ?? "")) places.push(`${name}["${key.length > 40 ? `${key.slice(0, 40)}…` : key}"]`);
    }
  }
  if (user()?.access_token) places.push("auth.user().access_token");
  if (tokenShape.test(document.cookie)) places.push("document.cookie");
  if (places.length > 0) return ["error", `Yes: ${places.join(", ")}. Whoever gets a script into this page can send it away.`];
  return ["ok", user() ? "No: neither storage, nor document.cookie, nor this page's memory holds one." : "No, but nobody is signed in: sign in and search again."];
};

/** One authorization request with prompt=none, whatever the strategy. Nothing of its answer is kept. @param {boolean} otherSite @returns {Promise<[Tone, string]>} */
const askInFrame = async (otherSite) => {
  const manager = newManager({ ...currentSettings(), automaticSilentRenew: false, monitorSession: false });
  Object.assign(manager.settings, { userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }) });
  const started = performance.now();
  try {
    const session = await manager.querySessionStatus();
    const took = Math.round(performance.now() - started);
    return session ? ["ok", `Yes: it answered for sub ${session.sub ?? "?"} in ${took} ms.`] : ["error", "The provider gave no session."];
  } catch (error) {
    const code = codeOf(error);
    if (code !== "login_required") return ["error", `${code}: ${messageOf(error)}`];
    return ["error", otherSite
      ? "No: login_required. If you are signed in at the provider, this browser hides the cookie of the other site from the frame."
      : "No: login_required. The provider is this very site, so its session is over."];
  } finally {
    removeFrames(manager);
  }
};

/** The hops of one story, as the bus has them. @param {string} correlation @returns {Promise<string[]>} */
const hopsOf = (correlation) => new Promise((found) => {
  /** @type {string[]} */
  const hops = [];
  const source = new EventSource("/events");
  source.addEventListener("event", ({ data }) => {
    const event = /** @type {ServerEvent} */ (JSON.parse(data));
    if (event.correlation_id !== correlation || event.role === "page" || event.role === "api") return;
    if (event.role === "spa" && event.kind !== "bff.renewed") return;
    hops.push(`${event.role === "idp" ? "provider" : "front end"}: ${event.kind}${event.duration ? `, ${(event.duration / 1e6).toFixed(1)} ms` : ""}`);
  });
  const enough = () => {
    source.close();
    found(hops);
  };
  source.addEventListener("open", () => setTimeout(enough, hopsAfter));
  source.addEventListener("error", enough);
});

/** @returns {Record<string, string>} */
const readMeasured = () => {
  try {
    return JSON.parse(sessionStore.getItem(measuredKey) ?? "{}");
  } catch {
    return {}; // somebody wrote nonsense into the storage
  }
};

/** @param {string} strategy @param {string} text */
const saveMeasured = (strategy, text) => sessionStore.setItem(measuredKey, JSON.stringify({ ...readMeasured(), [strategy]: text }));

/**
 * The live sequence: every event of page, front end, provider and API as it happens, who to whom, with all its
 * parameters. One correlation id makes one story, and each story begins with a line of its own.
 * @module sequence
 */

import { config } from "./config.js";
import { make, must, setText } from "./dom.js";
import { inWords, route } from "./sequence-words.js";

/**
 * @typedef {object} ServerEvent
 * @property {number} id
 * @property {string} time
 * @property {string} kind
 * @property {"idp" | "api" | "spa" | "page"} role
 * @property {string} [correlation_id]
 * @property {string} [client_id]
 * @property {string} [sub]
 * @property {string} [sid]
 * @property {Record<string, string>} [parameters]
 * @property {number} [status]
 * @property {number} [duration] nanoseconds
 * @property {string} outcome
 * @property {string} [reason]
 */

const keep = 500; // rows; older ones go
const hiddenFor = 30_000; // milliseconds out of sight before the stream is closed; what was missed comes when it opens again

/** The parameters that stand in the line itself. */
const telling = ["prompt", "grant_type", "path", "act", "resource", "expires_in", "logged_in", "lifetime", "AccessTokenLifetime", "Authentication.CookieLifetime", "Api.Leeway"];
const lanes = ["page", "spa", "idp", "api"];
const names = /** @type {Record<string, string>} */ ({ page: "page", spa: "front end", idp: "provider", api: "API" });

/** @param {HTMLElement} panel */
export const mount = (panel) => {
  const list = must(panel, "#sequence", HTMLOListElement);
  const empty = must(panel, "[data-empty]", HTMLElement);
  const pause = must(panel, "[data-pause]", HTMLButtonElement);
  const state = must(panel, "[data-connection]", HTMLElement);
  const scroller = must(panel, "[data-scroller]", HTMLElement);
  /** @type {ServerEvent[]} */
  let held = [];
  let paused = false;
  let lastID = 0;

  const add = (/** @type {ServerEvent} */ event) => {
    if (event.id <= lastID) return; // said again after a reconnect
    lastID = event.id;
    const follows = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
    place(list, row(event));
    while (list.childElementCount > keep) list.firstElementChild?.remove();
    empty.hidden = true;
    if (follows) scroller.scrollTop = scroller.scrollHeight;
  };
  const draw = () => {
    setText(pause, paused ? (held.length ? `Resume (${held.length})` : "Resume") : "Pause");
    pause.setAttribute("aria-pressed", String(paused));
  };

  /** @type {EventSource | null} */
  let source = null;
  const open = () => {
    source = new EventSource("/events");
    source.addEventListener("open", () => setText(state, "live"));
    source.addEventListener("error", () => setText(state, "connection lost, trying again …"));
    source.addEventListener("missed", ({ data }) => setText(state, `live; ${data} events came too fast and are missing`));
    source.addEventListener("event", ({ data }) => {
      const event = JSON.parse(data);
      if (!paused) return add(event);
      held.push(event);
      if (held.length > keep) held.shift();
      draw();
    });
  };
  // A stream holds one of the few connections a browser opens to a site: a tab nobody looks at gives its own back.
  let hiddenTimer = 0;
  const look = () => {
    clearTimeout(hiddenTimer);
    if (document.visibilityState === "visible") {
      if (!source) open();
    } else {
      hiddenTimer = setTimeout(() => {
        source?.close();
        source = null;
      }, hiddenFor);
    }
  };
  document.addEventListener("visibilitychange", look);
  pause.addEventListener("click", () => {
    paused = !paused;
    if (!paused) for (const event of held.splice(0)) add(event);
    draw();
  });
  must(panel, "[data-clear]", HTMLButtonElement).addEventListener("click", () => {
    list.replaceChildren();
    held = [];
    empty.hidden = false;
    draw();
  });
  draw();
  open();
  return () => {
    document.removeEventListener("visibilitychange", look);
    clearTimeout(hiddenTimer);
    source?.close();
  };
};

/**
 * Puts a row where its time belongs: what the page saw arrives a moment after what it saw. A row with another correlation
 * id than the one above begins a story.
 * @param {HTMLOListElement} list
 * @param {HTMLLIElement} item
 */
const place = (list, item) => {
  let after = list.lastElementChild;
  while (after instanceof HTMLElement && (after.dataset.time ?? "") > (item.dataset.time ?? "")) after = after.previousElementSibling;
  if (after) after.after(item);
  else list.prepend(item);
  for (const one of [item, item.nextElementSibling]) {
    if (!(one instanceof HTMLElement)) continue;
    const above = one.previousElementSibling;
    const same = above instanceof HTMLElement && above.dataset.correlationId === one.dataset.correlationId;
    one.toggleAttribute("data-begins", !same);
  }
};

/** @param {ServerEvent} event */
const row = (event) => {
  const [from, to] = route(event, String(config.settings.client_id));
  const silent = event.kind === "authorize" && event.parameters?.prompt === "none";
  const ok = event.outcome === "ok";
  const facts = [
    silent && "hidden frame",
    ...telling.filter((name) => event.parameters?.[name]).map((name) => `${name}=${event.parameters?.[name]}`),
    event.status ? String(event.status) : "",
    event.duration ? milliseconds(event.duration) : "",
  ].filter(Boolean);
  const item = make("li", {
    class: "Sequence-row",
    "data-kind": event.kind,
    "data-role": event.role,
    "data-outcome": event.outcome,
    "data-time": new Date(event.time).toISOString(),
    ...(event.correlation_id && { "data-correlation-id": event.correlation_id }),
  },
  make("time", { class: "Sequence-time", datetime: event.time }, clock(event.time)),
  make("span", { class: "Sequence-lanes", "aria-hidden": "true", "data-from": String(lanes.indexOf(from)), "data-to": String(lanes.indexOf(to)) }, make("i", { class: "Sequence-arrow" })),
  make("div", { class: "Sequence-what" },
    make("details", {},
      make("summary", {},
        make("span", { class: "Sequence-who" }, from === to ? names[from] : `${names[from]} → ${names[to]}`),
        " ", make("strong", { class: "Sequence-kind" }, event.kind), " ", make("span", { class: "Sequence-words" }, inWords(event)),
        ...facts.map((fact) => make("span", { class: "Sequence-fact" }, String(fact))),
        make("span", { class: `Sequence-outcome Sequence-outcome--${ok ? "ok" : "error"}` }, event.outcome),
        ...(event.reason ? [make("span", { class: "Sequence-reason" }, event.reason)] : [])),
      details(event))));
  return item;
};

/** @param {ServerEvent} event */
const details = (event) => {
  /** @type {[string, string | undefined][]} */
  const rows = [...Object.entries(event.parameters ?? {}), ["client_id", event.client_id], ["sub", event.sub], ["sid", event.sid], ["correlation_id", event.correlation_id]];
  const shown = new Map(rows.filter(([, value]) => value));
  return make("dl", { class: "Pairs" }, ...[...shown].flatMap(([name, value]) => [make("dt", {}, name), make("dd", { "data-parameter": name }, make("code", {}, String(value)))]));
};

const clock = (/** @type {string} */ time) => {
  const at = new Date(time);
  return `${at.toLocaleTimeString("en-GB")}.${String(at.getMilliseconds()).padStart(3, "0")}`;
};

const milliseconds = (/** @type {number} */ nanoseconds) => `${(nanoseconds / 1e6).toFixed(nanoseconds < 1e7 ? 1 : 0)} ms`;

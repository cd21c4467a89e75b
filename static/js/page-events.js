/**
 * What the page sees happen (a token expiring, a renewal, a sign-out) as events: for the other modules at once, and in
 * batches for the server's bus, so that the log and the sequence view tell one story. An event never carries a token.
 * @module page-events
 */

import { config } from "./config.js";
import { correlationID } from "./correlation.js";
import { signal } from "./signal.js";

/**
 * @typedef {object} PageEvent
 * @property {string} kind
 * @property {string} time RFC 3339
 * @property {string} correlation_id
 * @property {string} client_id
 * @property {string} [sub]
 * @property {string} [sid]
 * @property {Record<string, string>} [parameters]
 * @property {string} [outcome] "ok" or an error code
 * @property {string} [reason]
 */

/** @type {import("./signal.js").Signal<[PageEvent]>} */
const happened = signal();
/** @type {PageEvent[]} */
let waiting = [];
let timer = 0;
/** @type {{sub?: string, sid?: string}} */
let identity = {};

const batchDelay = 150; // milliseconds
const batchSize = 20; // the server takes no more at once
const queueSize = 200; // while the server is away, the oldest are dropped

/** Every event, as it happens. */
export const onPageEvent = happened.on;

/** Whom the following events are about. @param {{sub?: string, sid?: string}} who */
export const identify = (who) => {
  identity = who;
};

/**
 * Tells everybody that something happened.
 * @param {string} kind
 * @param {{parameters?: Record<string, string | number | boolean | undefined>, outcome?: string, reason?: string}} [fields]
 */
export const emit = (kind, { parameters = {}, outcome = "ok", reason } = {}) => {
  /** @type {PageEvent} */
  const event = {
    kind,
    time: new Date().toISOString(),
    correlation_id: correlationID(),
    client_id: String(config.settings.client_id),
    ...identity,
    parameters: Object.fromEntries(
      Object.entries(parameters).filter(([, value]) => value !== undefined).map(([name, value]) => [name, String(value)]),
    ),
    outcome,
    reason,
  };
  happened.tell(event);
  waiting.push(event);
  if (waiting.length > queueSize) waiting = waiting.slice(-queueSize);
  if (!timer) timer = setTimeout(send, batchDelay);
};

const send = async () => {
  timer = 0;
  const batch = waiting.splice(0, batchSize);
  if (batch.length === 0) return;
  try {
    // keepalive lets the request finish when the page is about to leave for the provider.
    const response = await fetch("/events", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ events: batch }),
      keepalive: true,
    });
    if (response.status === 429 || response.status >= 500) waiting.unshift(...batch);
  } catch {
    waiting.unshift(...batch); // the server is away: try again later
  }
  if (waiting.length > 0 && !timer) timer = setTimeout(send, batchDelay * 10);
};

// The page may be frozen or gone after this: what is waiting leaves now.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") void send();
});
addEventListener("pagehide", () => void send());

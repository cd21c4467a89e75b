/**
 * A signal tells its listeners that something happened.
 * @module signal
 */

/**
 * @template {unknown[]} A
 * @typedef {object} Signal
 * @property {(listener: (...news: A) => void) => () => void} on calls the listener from now on, until the returned function is called
 * @property {(...news: A) => void} tell
 */

/** @template {unknown[]} A @returns {Signal<A>} */
export const signal = () => {
  /** @type {Set<(...news: A) => void>} */
  const listeners = new Set();
  return {
    on: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    tell: (...news) => {
      for (const listener of listeners) listener(...news);
    },
  };
};

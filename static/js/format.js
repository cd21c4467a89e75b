/**
 * Numbers for people: a lifetime with its unit and its human meaning, a countdown, the time of day.
 * @module format
 */

const units = /** @type {const} */ ([["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]);

/** "2 min 5 s", "10 h", "30 d": the two largest units that say something. @param {number} seconds */
export const human = (seconds) => {
  let rest = Math.max(0, Math.floor(seconds));
  if (rest === 0) return "0 s";
  /** @type {string[]} */
  const parts = [];
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${count} ${unit}`);
    rest -= count * size;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
};

/** "600 s (10 min)": the number as it stands in the database, and what it means. @param {number} seconds */
export const lifetime = (seconds) => (seconds < 60 ? `${seconds} s` : `${seconds} s (${human(seconds)})`);

/** "43 s", "4:07", "1:02:09": a countdown that keeps its width. @param {number} seconds */
export const countdown = (seconds) => {
  const rest = Math.max(0, Math.ceil(seconds));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  if (rest < 100) return `${rest} s`;
  if (rest < 3600) return `${Math.floor(rest / 60)}:${two(rest % 60)}`;
  if (rest < 86400) return `${Math.floor(rest / 3600)}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`;
  return human(rest);
};

/** "12:04:31". @param {number} seconds since the epoch (RFC 7519 §2) */
export const timeOfDay = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB");

/** Seconds since the epoch, with fractions. */
export const now = () => Date.now() / 1000;

/** "90", "4m", "10h", "1h30m" → seconds, NaN when it is none of these. @param {string} text */
export const parseDuration = (text) => {
  const trimmed = text.trim().toLowerCase();
  if (/^\d+$/.test(trimmed)) return Number(trimmed);
  if (!/^(\d+\s*(d|h|min|m|s)\s*)+$/.test(trimmed)) return NaN;
  const size = { d: 86400, h: 3600, min: 60, m: 60, s: 1 };
  let total = 0;
  for (const [, count, unit] of trimmed.matchAll(/(\d+)\s*(d|h|min|m|s)/g)) {
    total += Number(count) * size[/** @type {keyof typeof size} */ (unit)];
  }
  return total;
};

/** Go writes durations such as "10h0m0s" and "1m30.5s". @param {string} text @returns {number} seconds */
export const parseGoDuration = (text) => {
  let total = 0;
  const size = { h: 3600, m: 60, s: 1, ms: 0.001 };
  for (const [, count, unit] of text.matchAll(/([\d.]+)(ms|h|m|s)/g)) {
    total += Number(count) * size[/** @type {keyof typeof size} */ (unit)];
  }
  return total;
};

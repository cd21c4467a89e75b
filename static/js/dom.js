/**
 * Small things done to elements: finding one that must be there, making one, keeping text current.
 * @module dom
 */

/**
 * The element a component cannot do without.
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {{new (): T}} type
 * @returns {T}
 */
export const must = (root, selector, type) => {
  const found = root.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`no ${type.name} at ${selector}`);
  return found;
};

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

/** Writes text only when it changed, so that nothing is announced or selected away for nothing. @param {Element} element @param {string} text */
export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/** Says something to people who hear the page rather than see it, also what was said last. @param {string} message */
export const announce = (message) => {
  const live = document.getElementById("announcer");
  if (live) live.textContent = live.textContent === message ? `${message}\u00a0` : message; // the same text again is no change
};

/** Lets the buttons with data-preset fill the input, as if somebody had typed it. @param {HTMLElement} panel @param {HTMLInputElement} input */
export const offerPresets = (panel, input) =>
  panel.addEventListener("click", (event) => {
    const preset = event.target instanceof Element ? event.target.closest("[data-preset]") : null;
    if (!preset) return;
    input.value = preset.getAttribute("data-preset") ?? input.value;
    input.dispatchEvent(new Event("input"));
  });

/**
 * Shows the outcome of an action in an element made for it (role=status or alert).
 * @param {HTMLElement} element
 * @param {"ok" | "error" | "warning" | "info"} kind
 * @param {...(Node | string)} content
 */
export const report = (element, kind, ...content) => {
  element.className = `Alert Alert--${kind}`;
  element.replaceChildren(...content);
  element.hidden = content.length === 0;
};

/**
 * What the user should know of the renewal, in words: that it is being tried again, that the browser is offline, why a
 * sign-in is needed, that somebody else is signed in, that the clock is wrong. For the strategies that say so.
 * @module renewal-notices
 */

import { applySettings, login, onClockSkew, onCondition, onTokenChanged, resolveUser, strategyName, user } from "./auth.js";
import { announce, make, must, setText } from "./dom.js";
import { countdown, human, now, timeOfDay } from "./format.js";
import { emit } from "./page-events.js";
import { currentSettings, saveSettings } from "./settings.js";

/** @typedef {import("./strategy.js").Condition} Condition */

/** Starts them. */
export const startRenewalNotices = () => {
  const notice = must(document, "#renewal", HTMLElement);
  const body = must(notice, ".Notice-body", HTMLElement);
  const clock = must(document, "#clock", HTMLElement);
  let timer = 0;
  /** @type {Condition | null} */
  let shown = null;

  onCondition((condition) => {
    clearInterval(timer);
    shown = condition;
    const words = condition ? explain(condition) : [];
    // Flying past, a renewal says nothing: only the badge does.
    notice.hidden = words.length === 0;
    if (words.length === 0 || !condition) return closeDialog();
    const { kind } = condition;
    notice.className = `Notice Notice--${kind === "ended" || kind === "cookiesBlocked" || kind === "signInAgain" ? "error" : "warning"}`;
    notice.dataset.kind = kind;
    body.replaceChildren(...words);
    if (kind === "retrying") timer = setInterval(() => tick(body, condition.at), 500);
    if (kind === "userChanged") ask(condition);
  });

  // The words say how long the token lives: not once it has expired.
  onTokenChanged(() => {
    if (shown && !notice.hidden) body.replaceChildren(...explain(shown));
  });

  onClockSkew((offset) => {
    clock.hidden = offset === null;
    if (offset === null) return;
    const way = offset > 0 ? "behind" : "ahead of";
    must(clock, ".Notice-body", HTMLElement).replaceChildren(
      make("p", {}, make("strong", {}, `This machine's clock is ${human(Math.abs(offset))} ${way} the server's.`)),
      make("p", {}, "Renewals are reckoned from the moment a token comes, so they are right all the same. Times shown here are this machine's."),
    );
  });

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-strategy]") : null;
    if (button instanceof HTMLElement) void choose(button.dataset.strategy ?? "");
  });
};

/** Puts another strategy in charge, with a sign-in where it needs one. @param {string} strategy */
const choose = async (strategy) => {
  saveSettings({ ...currentSettings(), strategy });
  await applySettings();
  emit("settings.changed", { parameters: { strategy: JSON.stringify(strategy) } });
  if (strategy === "bff" ? !user() : !user()?.refresh_token) await login(location.pathname + location.search);
};

/** @param {Condition} condition @returns {HTMLElement[]} nothing for what needs no words */
const explain = (condition) => {
  const until = user()?.expires_at ?? 0;
  const lives = until > now() ? ` Your access token lives until ${timeOfDay(until)}; the page works as long.` : "";
  switch (condition.kind) {
    case "retrying":
      return [
        make("p", {}, make("strong", {}, "The renewal did not work yet: "), make("code", {}, condition.code), ` ${condition.reason}`),
        make("p", {}, `You stay signed in. Attempt ${condition.attempt + 1} in `, make("span", { "data-countdown": "", "aria-hidden": "true" }, countdown(condition.at - now())), `.${lives}`),
      ];
    case "offline":
      return [make("p", {}, make("strong", {}, "You are offline."), ` You stay signed in; the renewal follows when the network is back.${lives}`)];
    case "idle":
      return [make("p", {}, make("strong", {}, "Not renewed while nobody is here."), ` Move, and it is.${lives}`)];
    case "ended":
      return [
        make("p", {}, make("strong", {}, "The renewal has ended: "), make("code", {}, condition.code)),
        make("p", {}, `${meaning[condition.code] ?? condition.reason}${lives}`),
        make("p", {}, signInAgain()),
      ];
    case "signInAgain":
      return [make("p", {}, make("strong", {}, "Please sign in again."), ` ${condition.reason}${lives}`), make("p", {}, signInAgain())];
    case "cookiesBlocked":
      return [
        make("p", {}, make("strong", {}, condition.certain ? "This browser blocks the provider's cookie in the hidden frame. " : "This browser probably blocks the provider's cookie in the hidden frame. "), make("code", {}, "login_required")),
        make("p", {}, `The provider is another site than this page, and browsers hide cookies of other sites in frames. At the top of the window you are ${condition.certain ? "" : "probably "}still signed in. A refresh token needs no frame, a session on the server neither.${lives}`),
        make("p", { class: "Buttons" },
          ...(strategyName() === "refresh" ? [signInAgain()] : [make("button", { class: "Button Button--primary", type: "button", "data-strategy": "refresh" }, "Use a refresh token")]),
          make("button", { class: "Button", type: "button", "data-strategy": "bff" }, "Keep the tokens on the server")),
      ];
    case "userChanged":
      return [make("p", {}, make("strong", {}, `${condition.name} is signed in at the provider now.`), " Nothing is renewed until you choose.")];
    default:
      return [];
  }
};

/** What a code means to a human. @type {Record<string, string>} */
const meaning = {
  login_required: "The provider no longer knows you: its session is over. It will ask for the password.",
  invalid_grant: "The refresh token has expired, was revoked, or was used twice.",
  consent_required: "The provider wants to ask whether this page may still act for you.",
  interaction_required: "The provider has a question that it cannot ask in a hidden frame.",
  account_selection_required: "The provider wants to know which of your accounts you mean.",
};

const signInAgain = () => make("button", { class: "Button Button--primary", type: "button", "data-login": location.pathname + location.search }, "Sign in again");

/** @param {HTMLElement} body @param {number} at */
const tick = (body, at) => {
  const left = body.querySelector("[data-countdown]");
  if (left) setText(left, countdown(at - now()));
};

const dialog = () => must(document, "#user-changed", HTMLDialogElement);

/** @param {Extract<Condition, {kind: "userChanged"}>} condition */
const ask = (condition) => {
  const box = dialog();
  const own = user()?.profile.name ?? user()?.profile.sub ?? "you";
  for (const e of box.querySelectorAll("[data-other]")) e.textContent = condition.name;
  for (const e of box.querySelectorAll("[data-own]")) e.textContent = own;
  box.onclose = () => {
    if (box.returnValue === "stay" || box.returnValue === "change") void resolveUser(box.returnValue === "change");
  };
  box.returnValue = "";
  if (!box.open) box.showModal();
  announce(`${condition.name} is signed in now`);
};

const closeDialog = () => {
  const box = dialog();
  box.returnValue = "";
  if (box.open) box.close();
};

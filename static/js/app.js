/**
 * The entry module of the front end: finds out who is signed in, starts the parts of the shell, loads what needs a token.
 */

import { start } from "./auth.js";
import { startBadge } from "./badge.js";
import { decorateRequests } from "./bearer.js";
import { startMenu } from "./menu.js";
import { startNavigation, visit } from "./navigation.js";
import { startNotices } from "./notices.js";
import { mountPanels } from "./panels.js";
import { startRenewalNotices } from "./renewal-notices.js";
import { sessionStore } from "./storage.js";

const boot = async () => {
  decorateRequests();
  startNotices();
  startRenewalNotices();
  await start();
  startMenu();
  startBadge();
  startNavigation(() => void mountPanels());
  document.documentElement.dataset.booted = "true";
  await mountPanels();
  if (sessionStore.getItem("silentrenew.undo")) (await import("./undo.js")).startUndo(); // a deletion from before a reload
  // A deep link brings the frame of the page without its content: only this page holds the token that opens it.
  if (document.querySelector("main[data-needs-token]")) await visit(location.pathname + location.search, "none");
};

// Inside a frame the application would run a second UserManager with timers of its own. Only the silent callback may be framed.
if (window.top === window.self) await boot();
else {
  const main = document.getElementById("main");
  main?.replaceChildren("This application does not run inside a frame. If you see this where a silent renewal should be, silent_redirect_uri points at the application instead of the silent callback page.");
}

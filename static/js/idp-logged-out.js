// Leads back to the client in time (A27). The document's refresh does the same without this script, but a browser counts its seconds
// from the load event, and a client's logout page that hangs in its frame holds that up (Front-Channel Logout §2). It is plain
// ECMAScript 5, for engines that know no modules.

(function () {
  "use strict";
  var link = /** @type {HTMLAnchorElement | null} */ (document.getElementById("return"));
  if (!link) return;
  var seconds = Number(link.getAttribute("data-after"));
  var address = link.href;
  if (seconds > 0) window.setTimeout(function () { location.replace(address); }, seconds * 1000);
})();

// Leads back to the client in time (A27). Where no script runs the document's refresh does that, but it is the worse way: a browser counts
// its seconds from the load event, which a client's logout page that hangs in its frame holds up (Front-Channel Logout §2), and there
// are engines that lose the case of its address, and so of state (HtmlUnit, with which the Foundation's suite drives pages). It is taken
// away for those that look for it after loading; the others give it up once a script has led elsewhere. Plain ECMAScript 5, for
// engines that know no modules.

(function () {
  "use strict";
  var link = /** @type {HTMLAnchorElement | null} */ (document.getElementById("return"));
  if (!link) return;
  var seconds = Number(link.getAttribute("data-after"));
  var address = link.href;
  if (!(seconds > 0)) return;
  var refresh = document.querySelector("meta[http-equiv=refresh]");
  if (refresh && refresh.parentNode) refresh.parentNode.removeChild(refresh);
  window.setTimeout(function () { location.replace(address); }, seconds * 1000);
})();

// The page that carries an authorization response to the client by POST (OAuth 2.0 Form Post Response Mode §2) submits
// itself. Without scripts its button does the same. It is plain ECMAScript 5, for engines that know no modules.

(function () {
  "use strict";
  var form = /** @type {HTMLFormElement | null} */ (document.getElementById("form-post"));
  if (form) form.submit();
})();

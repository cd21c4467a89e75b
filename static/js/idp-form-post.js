// The page that carries an authorization response to the client by POST (OAuth 2.0 Form Post Response Mode §2) submits
// itself. Without scripts its button does the same.

const form = document.getElementById("form-post");
if (form instanceof HTMLFormElement) form.submit();

/**
 * The page in the hidden frame does one thing: it hands its own address, with the code in it, to the parent window.
 * automaticSilentRenew is off, so that this UserManager sets no timer; the other settings do not matter here, because
 * signinSilentCallback posts the URL and validates nothing. The parent does the rest.
 */

import { UserManager } from "oidc-client-ts";

const here = location.origin;

new UserManager({ authority: here, client_id: "silent-callback", redirect_uri: here, automaticSilentRenew: false })
  .signinSilentCallback()
  .catch((error) => console.error("silent callback:", error));

// What goes wrong while a person signs in, as the library's own errors.

import assert from "node:assert/strict";
import {
  CLIENT_ID, REDIRECT,
  asPublic, begin, byForm, challenged, openid, press, refused, refusedToBrowser, sentTo, signIn,
} from "./support.mjs";

const client = await asPublic();
const redeem = (by, url, checks) => openid.authorizationCodeGrant(by, url, { ...checks });

// RFC 6749, 4.1.2 and 10.5: a code is good once. The second time all that came of it is revoked.
const { tokens, back, checks } = await signIn(client);
await refused(redeem(client, back, checks), "invalid_grant");
await refused(openid.refreshTokenGrant(client, tokens.refresh_token), "invalid_grant");

// A fresh code, shown otherwise than it was made for.
const shown = async (change) => {
  const begun = await begin(client, {});
  const code = { url: sentTo(await press(begun.url, "Reader")), by: client, ...begun.checks };
  const { url, by, ...other } = await change(code);
  return redeem(by, url, other);
};
// RFC 7636, 4.6: another verifier, or none.
const pkceCodeVerifier = openid.randomPKCECodeVerifier();
await refused(shown((code) => ({ ...code, pkceCodeVerifier })), "invalid_grant");
await refused(shown((code) => ({ ...code, pkceCodeVerifier: undefined })), "invalid_grant");
// RFC 6749, 4.1.3: another address, or another application.
const elsewhere = (code) => ({ ...code, url: new URL(code.url.search, `${REDIRECT}/elsewhere`) });
await refused(shown(elsewhere), "invalid_grant");
const other = await byForm();
await refused(shown((code) => ({ ...code, by: other })), "invalid_grant");
const unproven = await byForm("wrong");
const answer = await challenged(shown((code) => ({ ...code, by: unproven })), "basic");
assert.equal(answer.error, "invalid_client");

// RFC 6749, 4.1.2.1; OIDC Core, 3.1.2.6: what the browser brings back instead of a code.
const declined = await begin(client, {});
const answered = sentTo(await press(declined.url, "Decline"));
await refusedToBrowser(redeem(client, answered, declined.checks), "access_denied");
const asked = async (by, parameters) => {
  const { url, checks } = await begin(by, parameters);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === "") url.searchParams.delete(name);
  }
  return redeem(by, sentTo(await fetch(url, { redirect: "manual" })), checks);
};
for (const [parameters, word] of [
  [{ prompt: "none" }, "login_required"],
  [{ response_type: "token" }, "unsupported_response_type"],
  [{ scope: "openid no-such-scope" }, "invalid_scope"],
  [{ code_challenge_method: "plain" }, "invalid_request"],
  [{ code_challenge: "", code_challenge_method: "" }, "invalid_request"],
  [{ request_uri: "https://example.com/" }, "request_uri_not_supported"],
]) {
  await refusedToBrowser(asked(client, parameters), word);
}

// RFC 6749, 4.1.2.1: a stranger's address and an unknown application are shown to the person alone.
for (const parameters of [
  { redirect_uri: "https://example.com/" },
  { client_id: CLIENT_ID.replaceAll(/[0-9a-f]/g, "0") },
]) {
  const { url } = await begin(client, parameters);
  const page = await fetch(url, { redirect: "manual" });
  assert.equal(page.status, 400);
  assert.equal(page.headers.get("location"), null);
}
await refused(openid.refreshTokenGrant(client, "no such token"), "invalid_grant");
console.log("done");

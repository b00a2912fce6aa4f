// An application signs in for itself (RFC 6749, 4.4), by its secret in the form and by Basic
// authentication; what is wrong comes back as the library's own errors.

import assert from "node:assert/strict";
import {
  CLIENT_ID, GRAPH, PUBLIC_CLIENT_ID, READ, TLS_BASE_URL,
  asPublic, byBasic, byForm, challenged, openid, refused,
} from "./support.mjs";

const ask = (client, parameters = { scope: `${GRAPH}/.default` }) =>
  openid.clientCredentialsGrant(client, parameters);
const identities = new URL(`${TLS_BASE_URL}/deviceManagement/importedDeviceIdentities`);

for (const client of [await byForm(), await byBasic()]) {
  const tokens = await ask(client);
  // The library has it in small letters.
  assert.equal(tokens.token_type, "bearer");
  assert(tokens.expiresIn() > 3_500);
  // There is nobody whom they could be about (RFC 6749, 4.4.3).
  assert(tokens.refresh_token === undefined && tokens.id_token === undefined);
  const { access_token } = tokens;
  const read = await openid.fetchProtectedResource(client, access_token, identities, "GET");
  assert.equal(read.status, 200);
  const changed = access_token.slice(0, -8) + "AAAAAAAA";
  const asked = openid.fetchProtectedResource(client, changed, identities, "GET");
  assert((await challenged(asked, "bearer")).error.code);
}

// RFC 6749, 5.2: with 401, and the scheme that could be used.
for (const client of [
  await byForm("wrong"),
  await byBasic("wrong"),
  await asPublic(CLIENT_ID),
  await byForm("wrong", PUBLIC_CLIENT_ID),
]) {
  assert.equal((await challenged(ask(client), "basic")).error, "invalid_client");
}

const known = await byForm();
await refused(ask(known, {}), "invalid_request");
await refused(ask(known, { scope: "https://example.com/.default" }), "invalid_scope");
await refused(ask(known, { scope: READ }), "invalid_scope");
await refused(ask(await asPublic()), "unauthorized_client");
await refused(ask(await byForm("wrong", crypto.randomUUID())), "unauthorized_client");
await refused(openid.genericGrantRequest(known, "password", {}), "unsupported_grant_type");
console.log("done");

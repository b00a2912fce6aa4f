// A person signs in to an application (RFC 6749, 4.1, with PKCE, state and nonce): the library
// validates the id token by OIDC Core, 3.1.3.7, and its signature by the published keys.

import assert from "node:assert/strict";
import {
  CLIENT_ID, ISSUER, PUBLIC_CLIENT_ID, READ, REDIRECT, TLS_BASE_URL,
  asPublic, begin, byBasic, byForm, openid, press, refused, sentTo, signIn,
} from "./support.mjs";

const known = [
  [PUBLIC_CLIENT_ID, await asPublic()],
  [CLIENT_ID, await byForm()],
  [CLIENT_ID, await byBasic()],
];
for (const [id, client] of known) {
  const { tokens, back } = await signIn(client);
  assert.equal(`${back.origin}${back.pathname}`, REDIRECT);
  const claims = tokens.claims();
  assert.deepEqual([claims.iss, claims.aud], [ISSUER, id]);
  assert.deepEqual(
    [claims.name, claims.preferred_username, claims.email],
    ["Reader", "reader@muster.localhost", "reader@muster.localhost"],
  );
  assert(tokens.scope.split(" ").includes(READ));
  const identities = new URL(`${TLS_BASE_URL}/deviceManagement/importedDeviceIdentities`);
  const read = await openid.fetchProtectedResource(client, tokens.access_token, identities, "GET");
  assert.equal(read.status, 200);
}

// The library looks for `auth_time`, and for how long ago it was.
const client = await asPublic();
const recent = await begin(client, { max_age: "60" });
const returned = sentTo(await press(recent.url, "Manager"));
const withAge = { ...recent.checks, maxAge: 60 };
const told = await openid.authorizationCodeGrant(client, returned, withAge);
assert.equal(told.claims().name, "Manager");

// The answer as a form (OAuth 2.0 Form Post Response Mode): the browser posts it to the client.
const posted = await begin(client, { response_mode: "form_post" });
const html = await (await press(posted.url, "Editor")).text();
assert.equal(html.match(/<form method="post" action="([^"]+)"/)[1], REDIRECT);
const fields = [...html.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)];
const body = new URLSearchParams(fields.map(([, name, value]) => [name, value]));
const request = new Request(REDIRECT, { method: "POST", body });
const edited = await openid.authorizationCodeGrant(client, request, posted.checks);
assert.equal(edited.claims().name, "Editor");

// RFC 6749, 6; OIDC Core, 12.2: each use gives a new token for the same sign-in,
// and less on demand.
const { tokens: first } = await signIn(client);
const second = await openid.refreshTokenGrant(client, first.refresh_token);
assert.notEqual(second.refresh_token, first.refresh_token);
const less = await openid.refreshTokenGrant(client, second.refresh_token, { scope: "openid" });
assert.notEqual(less.refresh_token, second.refresh_token);
assert(!less.scope.includes(READ) && second.scope.includes(READ));
for (const renewed of [second, less]) {
  for (const name of ["iss", "sub", "aud", "auth_time"]) {
    assert.equal(renewed.claims()[name], first.claims()[name], name);
  }
}
const more = `${READ} ${READ.replace("Read.All", "ReadWrite.All")}`;
await refused(
  openid.refreshTokenGrant(client, less.refresh_token, { scope: more }),
  "invalid_grant",
);

// RP-Initiated Logout 1.0: back to the client with its state, and to no stranger.
const leave = (uri) => {
  const hints = { id_token_hint: first.id_token, state: "left & gone" };
  const url = openid.buildEndSessionUrl(client, { post_logout_redirect_uri: uri, ...hints });
  return fetch(url, { redirect: "manual" });
};
const left = sentTo(await leave(REDIRECT));
assert.deepEqual(Object.fromEntries(left.searchParams), { state: "left & gone" });
assert.equal((await leave("https://example.com/")).status, 200);
console.log("done");

// The issuer alone is enough: the client finds all else, by OpenID's rule and by OAuth's, and holds
// the issuer to what it was told.

import assert from "node:assert/strict";
import { AUTHORITY, ISSUER, PUBLIC_CLIENT_ID, TENANT_ID, openid } from "./support.mjs";

const discover = async (issuer, algorithm) => {
  const client = await openid.discovery(
    new URL(issuer),
    PUBLIC_CLIENT_ID,
    undefined,
    openid.None(),
    { algorithm },
  );
  return client.serverMetadata();
};

const metadata = await discover(ISSUER, "oidc");
assert.equal(metadata.issuer, ISSUER);
assert(metadata.supportsPKCE("S256"));
assert.deepEqual({ ...(await discover(ISSUER, "oauth2")) }, { ...metadata });
const endpoints = Object.entries(metadata).filter(([name]) => /_(endpoint|uri)$/.test(name));
assert(endpoints.length >= 5);
for (const [name, url] of endpoints) {
  assert.equal(new URL(url).origin, AUTHORITY, name);
}

// Elsewhere the issuer is a pattern, or that of access tokens: as at Entra ID, where the library
// makes an exception by name.
for (const other of [`${AUTHORITY}/common/v2.0`, `${AUTHORITY}/${TENANT_ID}`]) {
  await assert.rejects(discover(other, "oidc"), {
    name: "ClientError",
    code: "OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED",
  });
}
// A directory that there is not.
await assert.rejects(discover(`${AUTHORITY}/${crypto.randomUUID()}/v2.0`, "oidc"), {
  code: "OAUTH_RESPONSE_IS_NOT_CONFORM",
});
console.log(`done, ${endpoints.length} endpoints found`);

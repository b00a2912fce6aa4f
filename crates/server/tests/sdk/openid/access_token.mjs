// Access tokens, verified as a web API would: the package jose, the issuer's own metadata and its
// published keys, and nothing else.

import assert from "node:assert/strict";
import {
  AUTHORITY, CLIENT_ID, GRAPH, PUBLIC_CLIENT_ID, TENANT_ID,
  asPublic, byForm, load, openid, signIn,
} from "./support.mjs";

const jose = await load("jose");

// The metadata whose issuer is that of access tokens.
const found = await fetch(`${AUTHORITY}/${TENANT_ID}/.well-known/openid-configuration`);
const { issuer, jwks_uri } = await found.json();
const published = jose.createRemoteJWKSet(new URL(jwks_uri));
const wanted = {
  issuer,
  audience: GRAPH,
  algorithms: ["RS256"],
  typ: "JWT",
  maxTokenAge: "1 minute",
  requiredClaims: ["exp", "nbf", "tid", "oid"],
};
const verify = async (token, keys = published, options = wanted) =>
  (await jose.jwtVerify(token, keys, options)).payload;

const client = await byForm();
const own = await openid.clientCredentialsGrant(client, { scope: `${GRAPH}/.default` });
const application = await verify(own.access_token);
assert.deepEqual([application.tid, application.appid], [TENANT_ID, CLIENT_ID]);
assert.deepEqual(application.roles, ["DeviceManagementServiceConfig.ReadWrite.All"]);
assert.equal(application.scp, undefined);
assert.equal(application.exp - application.iat, own.expires_in);

const { tokens } = await signIn(await asPublic());
const person = await verify(tokens.access_token);
assert.deepEqual([person.tid, person.appid], [TENANT_ID, PUBLIC_CLIENT_ID]);
assert(person.scp.split(" ").includes("DeviceManagementServiceConfig.Read.All"));
assert.equal(person.roles, undefined);
assert.equal(person.oid, tokens.claims().oid);

// What was verified is what was signed: another body, another key of the same name, no signature.
const [head, body, signature] = own.access_token.split(".");
const more = jose.base64url.encode(JSON.stringify({ ...application, tid: crypto.randomUUID() }));
const bad = { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" };
await assert.rejects(verify(`${head}.${more}.${signature}`), bad);
const { publicKey } = await jose.generateKeyPair("RS256");
const { kid } = jose.decodeProtectedHeader(own.access_token);
const forged = { ...(await jose.exportJWK(publicKey)), kid, alg: "RS256" };
await assert.rejects(verify(own.access_token, jose.createLocalJWKSet({ keys: [forged] })), bad);
// An id token is for the application alone.
await assert.rejects(verify(tokens.id_token), { code: "ERR_JWT_CLAIM_VALIDATION_FAILED" });
console.log("done");

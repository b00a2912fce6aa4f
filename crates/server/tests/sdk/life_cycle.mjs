// The whole life of identities through Microsoft's JavaScript SDK, unmodified: the Graph client
// signs in with @azure/identity and knows nothing of Muster but its address.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.NODE_PATH, "from-here.js"));
const { ClientSecretCredential } = require("@azure/identity");
const { Client, GraphError, PageIterator } = require("@microsoft/microsoft-graph-client");
const {
  TokenCredentialAuthenticationProvider,
} = require("@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials");

const { TLS_BASE_URL, AUTHORITY, TENANT_ID, CLIENT_ID, CLIENT_SECRET } = process.env;
const IDENTITIES = "/deviceManagement/importedDeviceIdentities";
const serial = (identifier) => ({
  importedDeviceIdentifier: identifier,
  importedDeviceIdentityType: "serialNumber",
});

const credential = new ClientSecretCredential(TENANT_ID, CLIENT_ID, CLIENT_SECRET, {
  authorityHost: AUTHORITY,
  disableInstanceDiscovery: true,
});
const authProvider = new TokenCredentialAuthenticationProvider(credential, {
  scopes: ["https://graph.microsoft.com/.default"],
});
const graph = Client.initWithMiddleware({
  authProvider,
  baseUrl: new URL("/", TLS_BASE_URL).href,
  defaultVersion: "beta",
  customHosts: new Set(["localhost"]),
});

const made = await graph.api(IDENTITIES).post({ ...serial("JS-1"), platform: "ios" });
assert.equal(made.enrollmentState, "notContacted");
const one = `${IDENTITIES}/${made.id}`;

const updated = await graph.api(one).patch({
  enrollmentState: "enrolled",
  lastContactedDateTime: "2026-01-31T08:15:30.1234567+01:00",
  description: "Büro",
});
assert.equal(updated.lastContactedDateTime, "2026-01-31T08:15:30.1234567+01:00");
assert.equal(updated.platform, "ios");

// The whole entity goes back, with what is the service's.
const read = await graph.api(one).get();
read.description = "Küche";
assert.equal((await graph.api(one).patch(read)).description, "Küche");

const bulk = Array.from({ length: 250 }, (_, number) => serial(`JS-BULK-${number}`));
const results = await graph.api(`${IDENTITIES}/importDeviceIdentityList`).post({
  importedDeviceIdentities: [serial("JS-1"), ...bulk],
  overwriteImportedDeviceIdentities: false,
});
assert.deepEqual(
  results.value.map((row) => row.status),
  [false, ...bulk.map(() => true)],
);

const found = await graph.api(`${IDENTITIES}/searchExistingIdentities`).post({
  importedDeviceIdentities: [serial("js-1"), serial("not ours")],
});
assert.deepEqual(
  found.value.map((row) => row.importedDeviceIdentifier),
  ["JS-1"],
);

const seen = new Set();
const first = await graph.api(IDENTITIES).top(100).get();
assert.equal(first.value.length, 100);
await new PageIterator(graph, first, (row) => Boolean(seen.add(row.id))).iterate();
const count = await graph.api(`${IDENTITIES}/$count`).get();
assert.equal(seen.size, Number(count));

const asked = [];
const sorted = await graph
  .api(IDENTITIES)
  .filter("startswith(importedDeviceIdentifier,'JS-BULK-') and enrollmentState ne 'failed'")
  .orderby("importedDeviceIdentifier desc")
  .select(["id", "importedDeviceIdentifier"])
  .count(true)
  .top(100)
  .get();
assert.equal(sorted["@odata.count"], 250);
assert.equal("platform" in sorted.value[0], false);
const takeName = (row) => Boolean(asked.push(row.importedDeviceIdentifier));
await new PageIterator(graph, sorted, takeName).iterate();
assert.deepEqual(asked, bulk.map((row) => row.importedDeviceIdentifier).sort().reverse());

const failure = async (request) => {
  try {
    await request;
  } catch (error) {
    assert(error instanceof GraphError, error);
    return error;
  }
  assert.fail("the request succeeded");
};
const missing = await failure(graph.api(`${IDENTITIES}/no-such-identity`).get());
assert.equal(missing.statusCode, 404);
assert.equal(missing.code, "ResourceNotFound");
assert.match(missing.message, /no-such-identity/);
assert(missing.requestId && missing.date);
const twice = await failure(graph.api(IDENTITIES).post(serial("js-1")));
assert.deepEqual([twice.statusCode, twice.code], [409, "Conflict"]);

await graph.api(one).delete();
console.log(`done, ${Number(count) - 1} identities left`);

// $search and $apply as the SDK sends them: it writes each value into the address as it was given,
// and leaves the encoding to fetch.

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
const ROWS = [
  ["JS-1", "ios", "enrolled", "Büro Müller"],
  ["JS-2", "ios", "enrolled", "Müller's Büro"],
  ["JS-3", "android", "enrolled", 'Lager, 19" Rack'],
  ["JS-4", "macOS", "blocked", "Lager Büro"],
  ["JS-5", "ios", "failed", "R&D + 5 % Lager"],
  ["JS-6", "windows", "notContacted", null],
];

const credential = new ClientSecretCredential(TENANT_ID, CLIENT_ID, CLIENT_SECRET, {
  authorityHost: AUTHORITY,
  disableInstanceDiscovery: true,
});
const graph = Client.initWithMiddleware({
  authProvider: new TokenCredentialAuthenticationProvider(credential, {
    scopes: ["https://graph.microsoft.com/.default"],
  }),
  baseUrl: new URL("/", TLS_BASE_URL).href,
  defaultVersion: "beta",
  customHosts: new Set(["localhost"]),
});

// What Graph asks for with $search in a directory, so that users send it with every one.
const eventual = (request) => request.header("ConsistencyLevel", "eventual");
const names = (page) => page.value.map((row) => row.importedDeviceIdentifier);

async function walked(page) {
  const seen = [];
  const take = (row) => Boolean(seen.push(row.importedDeviceIdentifier));
  await new PageIterator(graph, page, take).iterate();
  return seen;
}

const made = await graph.api(`${IDENTITIES}/importDeviceIdentityList`).post({
  importedDeviceIdentities: ROWS.map(([identifier, platform, enrollmentState, description]) => ({
    importedDeviceIdentifier: identifier,
    importedDeviceIdentityType: "serialNumber",
    platform,
    enrollmentState,
    description,
  })),
  overwriteImportedDeviceIdentities: false,
});
assert(made.value.every((row) => row.status === true));

for (const [search, ...wanted] of [
  ["büro", "JS-1", "JS-2", "JS-4"],
  ['"BÜRO"', "JS-1", "JS-2", "JS-4"],
  ["js-6", "JS-6"],
  ["büro müller", "JS-1", "JS-2"],
  ['"lager" AND "büro"', "JS-4"],
  [`"müller's büro"`, "JS-2"],
  ['"19\\" rack"', "JS-3"],
  ["rack OR müller", "JS-1", "JS-2", "JS-3"],
  ["lager NOT büro", "JS-3", "JS-5"],
  ["(rack OR müller) AND NOT 19", "JS-1", "JS-2"],
  // The SDK leaves what means something in an address to its user.
  [encodeURIComponent('"R&D + 5 %"'), "JS-5"],
  ["nobody"],
]) {
  const page = await eventual(graph.api(IDENTITIES).search(search)).get();
  assert.deepEqual(names(page), wanted, search);
}

// With all that narrows, sorts and cuts it, page by page.
const narrowed = await eventual(graph.api(IDENTITIES))
  .search('"büro" OR "lager"')
  .filter("enrollmentState ne 'blocked'")
  .orderby("importedDeviceIdentifier desc")
  .select(["id", "importedDeviceIdentifier"])
  .count(true)
  .top(2)
  .get();
assert.deepEqual(names(narrowed), ["JS-5", "JS-3"]);
assert.equal(narrowed["@odata.count"], 4);
assert.deepEqual(await walked(narrowed), ["JS-5", "JS-3", "JS-2", "JS-1"]);
const phrases = await graph.api(IDENTITIES).search(`"müller's" OR "19\\" rack"`).top(1).get();
assert.deepEqual(names(phrases), ["JS-2"]);
assert.deepEqual(await walked(phrases), ["JS-2", "JS-3"]);
const number = await graph.api(`${IDENTITIES}/$count`).search('"büro"').get();
assert.equal(Number(number), 3);

await assert.rejects(graph.api(IDENTITIES).search('"büro').get(), (error) => {
  assert(error instanceof GraphError);
  assert.equal(error.statusCode, 400);
  assert.match(error.message, /at character 1 of \$search/);
  return true;
});

// There is no method for $apply: query() takes what has none.
const BY_BOTH = "groupby((enrollmentState,platform),aggregate($count as n))";
const groups = async (apply) => {
  const { value } = await graph.api(IDENTITIES).query({ $apply: apply }).get();
  return Object.fromEntries(value.map((row) => [`${row.enrollmentState} ${row.platform}`, row.n]));
};
const all = {
  "enrolled ios": 2,
  "enrolled android": 1,
  "blocked macOS": 1,
  "failed ios": 1,
  "notContacted windows": 1,
};
assert.deepEqual(await groups(BY_BOTH), all);
const { "enrolled ios": enrolled, "failed ios": failed } = all;
assert.deepEqual(await groups(`filter(platform eq 'ios')/${BY_BOTH}`), {
  "enrolled ios": enrolled,
  "failed ios": failed,
});
const offices = `filter(contains(description,'Büro') and platform eq 'ios')/${BY_BOTH}`;
assert.deepEqual(await groups(offices), { "enrolled ios": 2 });
const most = await graph
  .api(IDENTITIES)
  .query("$apply=groupby((platform),aggregate($count as n))")
  .orderby("n desc,platform")
  .count(true)
  .top(2)
  .get();
assert.deepEqual(
  most.value.map((row) => [row.platform, row.n]),
  [["ios", 3], ["android", 1]],
);
assert.equal(most["@odata.count"], 4);

console.log("done");

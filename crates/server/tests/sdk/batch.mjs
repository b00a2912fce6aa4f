// Many requests in one, as the SDK's batch classes send and read them.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.NODE_PATH, "from-here.js"));
const { ClientSecretCredential } = require("@azure/identity");
const {
  BatchRequestContent,
  BatchResponseContent,
  Client,
} = require("@microsoft/microsoft-graph-client");
const {
  TokenCredentialAuthenticationProvider,
} = require("@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials");

const { TLS_BASE_URL, AUTHORITY, TENANT_ID, CLIENT_ID, CLIENT_SECRET } = process.env;
const IDENTITIES = "/deviceManagement/importedDeviceIdentities";

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

// The SDK takes the host off; Node's own class does not go without one.
const request = (path, init) => new Request(new URL(path, TLS_BASE_URL), init);
const write = (method, path, body) =>
  request(path, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
const create = (identifier) => write("POST", IDENTITIES, { importedDeviceIdentifier: identifier });

async function send(steps) {
  const content = await new BatchRequestContent(steps).getContent();
  return new BatchResponseContent(await graph.api("/$batch").post(content));
}

// In parallel, with a failure among successes.
let answers = await send([
  { id: "1", request: create("JS-1") },
  { id: "2", request: create("JS-2") },
  { id: "3", request: request("/deviceManagement/nothing") },
]);
assert.equal(answers.getResponseById("1").status, 201);
assert.equal(answers.getResponseById("3").status, 400);
const made = await answers.getResponseById("2").json();
assert.equal(made.importedDeviceIdentifier, "JS-2");
assert.match((await answers.getResponseById("3").json()).error.message, /nothing/);

// One after the other.
const item = `${IDENTITIES}/${made.id}`;
const filter = encodeURIComponent(`id eq '${made.id}'`);
answers = await send([
  { id: "a", request: write("PATCH", item, { description: "Büro" }) },
  { id: "b", request: request(`${IDENTITIES}?$filter=${filter}`), dependsOn: ["a"] },
  { id: "c", request: request(item, { method: "DELETE" }), dependsOn: ["b"] },
  { id: "d", request: request(item), dependsOn: ["c"] },
  { id: "e", request: create("JS-3"), dependsOn: ["d"] },
]);
const listed = await answers.getResponseById("b").json();
assert.deepEqual(listed.value.map((row) => row.description), ["Büro"]);
const statuses = ["a", "b", "c", "d", "e"].map((id) => answers.getResponseById(id).status);
assert.deepEqual(statuses, [200, 200, 204, 404, 424]);

// What is no JSON is Base64.
answers = await send([{ id: "1", request: request(`${IDENTITIES}/$count`) }]);
const count = await answers.getResponseById("1").text();
assert.equal(Number(atob(count)), 1);

console.log("done");

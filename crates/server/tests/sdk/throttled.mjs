// A register that throttles: the SDK waits as long as Retry-After says, and every write is made.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.NODE_PATH, "from-here.js"));
const { ClientSecretCredential } = require("@azure/identity");
const { Client } = require("@microsoft/microsoft-graph-client");
const {
  TokenCredentialAuthenticationProvider,
} = require("@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials");

const { TLS_BASE_URL, AUTHORITY, TENANT_ID, CLIENT_ID, CLIENT_SECRET } = process.env;
const WRITES = 6;

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

for (let number = 0; number < WRITES; number += 1) {
  const identifier = `JS-${number}`;
  const made = await graph
    .api("/deviceManagement/importedDeviceIdentities")
    .post({ importedDeviceIdentifier: identifier });
  assert.equal(made.importedDeviceIdentifier, identifier);
}
console.log(`done, ${WRITES} writes`);

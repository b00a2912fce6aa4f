// A person signs in by device code: @azure/identity shows a code, the person enters it in a browser
// and chooses who they are, and the SDK goes on with what that person may do.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.NODE_PATH, "from-here.js"));
const { DeviceCodeCredential } = require("@azure/identity");
const { Client } = require("@microsoft/microsoft-graph-client");
const {
  TokenCredentialAuthenticationProvider,
} = require("@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials");

const { TLS_BASE_URL, AUTHORITY, TENANT_ID, PUBLIC_CLIENT_ID } = process.env;
const IDENTITIES = "/deviceManagement/importedDeviceIdentities";

// What a person does in a browser: enters the code, looks at the page, presses a button.
const answerAs = (name) => async ({ verificationUri, userCode }) => {
  const page = await fetch(`${verificationUri}?user_code=${encodeURIComponent(userCode)}`);
  assert(page.ok, page.status);
  const html = await page.text();
  const action = html.match(/<form[^>]*action="([^"]*sign-in)"/)[1];
  const sealed = html.match(/name="request" value="([^"]+)"/)[1];
  const buttons = [...html.matchAll(/<button[^>]*value="([^"]+)"[^>]*>([^]*?)<\/button>/g)];
  const [, person] = buttons.find(([, , label]) => label.includes(name));
  const said = await fetch(new URL(action, verificationUri), {
    method: "POST",
    headers: {
      Cookie: page.headers.getSetCookie().map((cookie) => cookie.split(";")[0]).join("; "),
      Origin: new URL(verificationUri).origin,
    },
    body: new URLSearchParams({ request: sealed, answer: person }),
  });
  assert.match(await said.text(), /signed in/);
};

const credential = new DeviceCodeCredential({
  tenantId: TENANT_ID,
  clientId: PUBLIC_CLIENT_ID,
  authorityHost: AUTHORITY,
  disableInstanceDiscovery: true,
  userPromptCallback: answerAs("Reader"),
});
const graph = Client.initWithMiddleware({
  authProvider: new TokenCredentialAuthenticationProvider(credential, {
    scopes: ["https://graph.microsoft.com/DeviceManagementServiceConfig.Read.All"],
  }),
  baseUrl: new URL("/", TLS_BASE_URL).href,
  defaultVersion: "beta",
  customHosts: new Set(["localhost"]),
});

const page = await graph.api(IDENTITIES).get();
assert(page.value.length > 0);
await assert.rejects(
  graph.api(IDENTITIES).post({ importedDeviceIdentifier: "JS-1" }),
  (error) => error.statusCode === 403 && error.code === "Forbidden",
);
console.log(`done, ${page.value.length} identities read`);

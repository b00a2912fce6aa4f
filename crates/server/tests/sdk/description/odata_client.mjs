// A client that is made by odata2ts, unmodified, from the metadata alone, and that lives the whole
// life of an identity: it knows of the register what $metadata says, and nothing else.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { NODE_PATH, BASE_URL, TOKEN } = process.env;
const require = createRequire(join(NODE_PATH, "from-here.js"));
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);

const metadata = await fetch(`${BASE_URL}/$metadata`);
assert.equal(metadata.headers.get("content-type"), "application/xml");
writeFileSync("metadata.xml", await metadata.text());
const compilerOptions = { target: "ES2022", module: "CommonJS", moduleResolution: "node" };
writeFileSync("tsconfig.json", JSON.stringify({ compilerOptions }));
const generator = join(NODE_PATH, "@odata2ts/odata2ts/lib/run-cli.js");
const options = ["-s", "metadata.xml", "-o", "generated", "--emit-mode", "js", "-m", "service"];
execFileSync("node", [generator, ...options], { stdio: "inherit" });

const { FetchClient } = (await load("@odata2ts/http-client-fetch")).default;
const file = readdirSync("generated").find((name) => name.endsWith("Service.js"));
const { MicrosoftGraphService } = require(join(process.cwd(), "generated", file));
const model = require(join(process.cwd(), "generated", file.replace("Service", "Model")));
const http = new FetchClient({ headers: { Authorization: `Bearer ${TOKEN}` } });
const graph = new MicrosoftGraphService(http, BASE_URL);
const identities = (id) => graph.deviceManagement().importedDeviceIdentities(id);

assert.equal(model.platform.macOS, "macOS");
assert.ok("unknownFutureValue" in model.platform);

const { data: made } = await identities().create({
  importedDeviceIdentifier: "ODATA-1",
  importedDeviceIdentityType: model.importedDeviceIdentityType.serialNumber,
  platform: model.platform.macOS,
});
assert.equal(made.importedDeviceIdentifier, "ODATA-1");

const listed = await identities().query((builder, query) =>
  builder
    .select("id", "platform", "importedDeviceIdentifier")
    .filter(query.platform.eq(model.platform.macOS))
    .filter(query.importedDeviceIdentifier.startsWith("ODATA"))
    .orderBy(query.createdDateTime.desc())
    .top(5)
    .count(),
);
assert.equal(listed.data["@odata.count"], 1);
assert.equal(listed.data.value[0].id, made.id);
assert.equal(listed.data.value[0].createdDateTime, undefined, "it was not selected");

await identities(made.id).patch({ description: "At the desk" });
const { data: read } = await identities(made.id).query();
assert.equal(read.description, "At the desk");
assert.equal(read.platform, "macOS");

const imported = await identities().importDeviceIdentityList({
  importedDeviceIdentities: [{ importedDeviceIdentifier: "ODATA-2" }],
  overwriteImportedDeviceIdentities: false,
});
assert.equal(imported.data.value[0].status, true);
const found = await identities().searchExistingIdentities({
  importedDeviceIdentities: [{ importedDeviceIdentifier: "odata-2" }],
});
assert.equal(found.data.value[0].importedDeviceIdentifier, "ODATA-2");

await identities(made.id).delete();
await assert.rejects(identities(made.id).query(), /does not exist/);
console.log("done");

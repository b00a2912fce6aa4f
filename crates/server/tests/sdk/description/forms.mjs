// The metadata say the same in both of their forms: the converter of the OASIS committee, unmodified,
// makes of the XML what comes as JSON. It writes types by the alias, and knows the XML as that of 4.0.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

const { NODE_PATH, BASE_URL } = process.env;
const { xml2json } = createRequire(join(NODE_PATH, "from-here.js"))("odata-csdl");

const xml = await (await fetch(`${BASE_URL}/$metadata`)).text();
const json = await (await fetch(`${BASE_URL}/$metadata?$format=json`)).json();
const converted = JSON.stringify(xml2json(xml, { strict: true }))
  .replace('"$Version":"4.0"', '"$Version":"4.01"')
  .replaceAll('"graph.', '"microsoft.graph.')
  .replaceAll('"@odata.type"', '"@type"')
  .replaceAll(/V1\.xml#(\w+)\./g, "V1.json#Org.OData.$1.V1.");
assert.deepEqual(JSON.parse(converted), json);
assert.ok(Object.keys(json["microsoft.graph"]).length > 5);
console.log("done");

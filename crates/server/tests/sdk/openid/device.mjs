// A device without a browser (RFC 8628): the library polls at the interval that it is given, until
// a person has answered elsewhere.

import assert from "node:assert/strict";
import { READ, asPublic, byForm, openid, press, refused } from "./support.mjs";

// The person answers once the device has been told to wait.
const flow = async (client, label) => {
  const device = await openid.initiateDeviceAuthorization(client, {
    scope: `openid profile offline_access ${READ}`,
  });
  assert(device.verification_uri_complete.startsWith(device.verification_uri));
  const words = [];
  client[openid.customFetch] = async (url, options) => {
    const response = await fetch(url, options);
    if (url !== client.serverMetadata().token_endpoint) return response;
    const { error } = await response.clone().json();
    words.push(error);
    if (words.length === 1) await press(device.verification_uri_complete, label);
    return response;
  };
  const polled = openid.pollDeviceAuthorizationGrant(client, device);
  return { device, polled, words };
};

for (const client of [await asPublic(), await byForm()]) {
  const { device, polled, words } = await flow(client, "Reader");
  const tokens = await polled;
  assert.deepEqual(words, ["authorization_pending", undefined]);
  assert.equal(tokens.claims().name, "Reader");
  const renewed = await openid.refreshTokenGrant(client, tokens.refresh_token);
  assert.equal(renewed.claims().sub, tokens.claims().sub);
  // What was redeemed is none any more.
  await refused(openid.pollDeviceAuthorizationGrant(client, device), "invalid_grant");
}

const { polled } = await flow(await asPublic(), "Decline");
await refused(polled, "access_denied");
await refused(
  openid.initiateDeviceAuthorization(await asPublic(), { scope: "no-such-scope" }),
  "invalid_scope",
);
console.log("done");

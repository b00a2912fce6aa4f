// What the scripts beside this file share: the certified client openid-client, unmodified, as the
// applications that a development register comes with; and a person with a browser.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.env.NODE_PATH, "from-here.js"));
export const load = (name) => import(pathToFileURL(require.resolve(name)).href);
export const openid = await load("openid-client");

export const { TLS_BASE_URL, AUTHORITY, TENANT_ID, CLIENT_ID, CLIENT_SECRET, PUBLIC_CLIENT_ID } =
  process.env;
export const ISSUER = `${AUTHORITY}/${TENANT_ID}/v2.0`;
export const GRAPH = "https://graph.microsoft.com";
export const REDIRECT = "http://localhost:8400/callback";
export const READ = `${GRAPH}/DeviceManagementServiceConfig.Read.All`;

// A client that is told nothing but the issuer, and that verifies each id token by the keys that it
// finds, which OpenID Connect leaves open for tokens that come over TLS.
const discover = (id, authentication) =>
  openid.discovery(new URL(ISSUER), id, undefined, authentication, {
    execute: [openid.enableNonRepudiationChecks],
  });
export const byForm = (secret = CLIENT_SECRET, id = CLIENT_ID) =>
  discover(id, openid.ClientSecretPost(secret));
export const byBasic = (secret = CLIENT_SECRET, id = CLIENT_ID) =>
  discover(id, openid.ClientSecretBasic(secret));
export const asPublic = (id = PUBLIC_CLIENT_ID) => discover(id, openid.None());

// What a person does in a browser: looks at the page, presses the button with this label. What
// comes of it is not followed.
export const press = async (url, label) => {
  const page = await fetch(url, { redirect: "manual" });
  assert.equal(page.status, 200);
  const html = await page.text();
  const [, action] = html.match(/<form[^>]*action="([^"]*sign-in)"/);
  const [, sealed] = html.match(/name="request" value="([^"]+)"/);
  const buttons = [...html.matchAll(/<button[^>]*value="([^"]+)"[^>]*>([^]*?)<\/button>/g)];
  const [, answer] = buttons.find(([, , shown]) => shown.includes(label));
  return fetch(new URL(action, url), {
    method: "POST",
    redirect: "manual",
    headers: {
      Cookie: page.headers.getSetCookie().map((cookie) => cookie.split(";")[0]).join("; "),
      Origin: new URL(url).origin,
    },
    body: new URLSearchParams({ request: sealed, answer }),
  });
};

// Where a browser is sent.
export const sentTo = (response) => {
  assert.equal(response.status, 303);
  return new URL(response.headers.get("location"));
};

// What a client keeps while a person signs in, and where it sends them.
export const begin = async (client, parameters) => {
  const checks = {
    pkceCodeVerifier: openid.randomPKCECodeVerifier(),
    expectedState: openid.randomState(),
    expectedNonce: openid.randomNonce(),
  };
  const url = openid.buildAuthorizationUrl(client, {
    redirect_uri: REDIRECT,
    scope: `openid profile email offline_access ${READ}`,
    code_challenge: await openid.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: "S256",
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...parameters,
  });
  return { url, checks };
};

// Signs somebody in, all the way.
export const signIn = async (client, name = "Reader", parameters = {}) => {
  const { url, checks } = await begin(client, parameters);
  const back = sentTo(await press(url, name));
  const tokens = await openid.authorizationCodeGrant(client, back, { ...checks });
  return { tokens, back, checks };
};

// The error that the library makes of an answer: its type, and OAuth's word for it.
const failure = async (promise, type) => {
  const outcome = await promise.then(() => "it succeeded", (error) => error);
  assert(outcome instanceof type, outcome);
  return outcome;
};
export const refused = async (promise, word) => {
  const error = await failure(promise, openid.ResponseBodyError);
  assert.equal(error.error, word);
  assert.equal(error.status, 400);
  assert.match(error.error_description, /^AADSTS\d+: /);
};
export const refusedToBrowser = async (promise, word) => {
  const error = await failure(promise, openid.AuthorizationResponseError);
  assert.equal(error.error, word);
  assert.match(error.error_description, /^AADSTS\d+: /);
};
// An answer 401 says by which scheme to try again, and the library tells that first.
export const challenged = async (promise, scheme) => {
  const error = await failure(promise, openid.WWWAuthenticateChallengeError);
  assert.equal(error.status, 401);
  assert.deepEqual(error.cause.map((challenge) => challenge.scheme), [scheme]);
  return error.response.json();
};

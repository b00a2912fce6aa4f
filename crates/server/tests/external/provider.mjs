// An OpenID provider that this project did not write: the package oidc-provider, with clients that
// act for themselves. It says its address in one line, and rotates its keys when it reads one.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createInterface } from 'node:readline';

const modules = process.argv[2];
// Its advice to operators would stand among the lines that are read.
console.info = console.error;
const entry = join(modules, 'oidc-provider', 'lib', 'index.js');
const { default: Provider } = await import(pathToFileURL(entry).href);

const client = (client_id) => ({
  client_id,
  client_secret: `secret of ${client_id}`,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
});

const key = (alg, kid) => {
  const type = alg === 'ES256' ? ['ec', { namedCurve: 'P-256' }] : ['rsa', { modulusLength: 2048 }];
  const { privateKey } = generateKeyPairSync(...type);
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg, kid };
};

// A client signs with the algorithm that its name ends with.
const algorithm = (client) => client.clientId.split('-').at(-1).toUpperCase();

let generation = 0;
const keys = () => {
  generation += 1;
  return ['RS256', 'PS256', 'ES256'].map((alg) => key(alg, `${alg} ${generation}`));
};

const provider = (issuer) => {
  const provider = new Provider(issuer, {
    clients: ['batch-rs256', 'batch-ps256', 'batch-es256', 'roles-rs256'].map(client),
    jwks: { keys: keys() },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (ctx, audience, client) => ({
          audience,
          scope: 'DeviceManagementServiceConfig.Read.All DeviceManagementServiceConfig.ReadWrite.All',
          accessTokenFormat: 'jwt',
          accessTokenTTL: 600,
          jwt: { sign: { alg: algorithm(client) } },
        }),
      },
    },
    // As an operator maps roles and a customer onto a client.
    extraTokenClaims: (ctx, token) =>
      token.clientId.startsWith('roles')
        ? {
            customer: { id: '3f1c9a52-7c1e-4d0b-9a5e-0d8f6c2b7e10' },
            realm_access: { roles: ['DeviceManagementServiceConfig.ReadWrite.All'] },
          }
        : undefined,
  });
  return provider.callback();
};

let current;
const server = createServer((request, response) => current(request, response));
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  current = provider(issuer);
  console.log(issuer);
  const lines = createInterface({ input: process.stdin });
  lines.on('line', () => {
    current = provider(issuer);
    console.log('rotated');
  });
  // Whoever started it has gone.
  lines.on('close', () => process.exit());
});

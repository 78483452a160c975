// A real OpenID Provider for tests: node-oidc-provider with its own pages for development, where any name may sign in.
// Its access tokens are JWTs for the resource that was asked for.
//
//     MODULE=.../oidc-provider/lib/index.js PORT=8200 CALLBACK=http://127.0.0.1:8100/console/sign-in/callback node provider.mjs
//
// `SOCKET` is an open file: a socket that is bound to the port already.

import { generateKeyPairSync } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const { MODULE, PORT, SOCKET, CALLBACK, AUDIENCE } = process.env;
const { Provider } = await import(pathToFileURL(MODULE).href);

const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  clients: [{ client_id: 'console', client_secret: 'the secret of the console', redirect_uris: [CALLBACK] }],
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  extraTokenClaims: () => ({ tenant: 'default' }),
  features: {
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => AUDIENCE,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource) => ({
        audience: resource, scope: 'rules:read rules:write', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  cookies: { keys: ['of tests alone'] },
  jwks: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })] },
});
provider.listen(SOCKET ? { fd: Number(SOCKET) } : { port: Number(PORT), host: '127.0.0.1' });

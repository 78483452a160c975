// A small OpenID Provider on node-oidc-provider that lets Claimsmith decide what goes into its tokens.
//
//     CLAIMSMITH_URL=http://127.0.0.1:8100 CLAIMSMITH_TOKEN=T PORT=8200 node provider.js
//
// Of this, a provider of yours needs the lines with `rules`; login-rules.js says what each of them is for. It is a
// demonstration: everything is kept in memory, keys are new at every start, and directory.js has two people.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import { errors, interactionPolicy, Provider } from 'oidc-provider';

import { accountById, accountByPassword, CLIENTS, hasSecondFactor } from './directory.js';
import { LoginRules } from './login-rules.js';
import { Pages } from './pages.js';

const API = 'https://api.example.com/'; // the audience of every access token
const API_SCOPES = ['read:articles', 'write:articles'];
const HOUR = 3600; // seconds
const LIVES = {
  AccessToken: HOUR, ClientCredentials: HOUR, IdToken: HOUR, Interaction: HOUR,
  Grant: 30 * 24 * HOUR, RefreshToken: 30 * 24 * HOUR, Session: 24 * HOUR,
};

const { CLAIMSMITH_URL, CLAIMSMITH_TOKEN, PORT = '8200' } = process.env;
if (!CLAIMSMITH_URL || !CLAIMSMITH_TOKEN) {
  console.error('set CLAIMSMITH_URL, and CLAIMSMITH_TOKEN to what `claimsmith token --scope execute` printed');
  process.exit(2);
}

const rules = new LoginRules({
  executeUrl: new URL('/v1/execute', CLAIMSMITH_URL).href,
  token: CLAIMSMITH_TOKEN,
  hasSecondFactor,
});

const policy = interactionPolicy.base();
policy.remove('consent'); // the applications are our own: grantFor grants what they ask for
policy.add(rules.prompt());

const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  findAccount: (ctx, id) => accountById(id),
  extraTokenClaims: rules.extraTokenClaims,
  rotateRefreshToken: rules.askBeforeRotation(() => true),
  interactions: { policy },
  conformIdTokenClaims: false,
  claims: {
    openid: ['sub', 'auth_time', 'amr'],
    profile: ['name', 'given_name', 'family_name'],
    email: ['email', 'email_verified'],
  },
  clients: CLIENTS,
  issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
  loadExistingGrant: grantFor,
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => API,
      useGrantedResource: () => true,
      getResourceServerInfo: resourceServer,
    },
  },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  jwks: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })] },
  ttl: LIVES,
});
provider.registerGrantType('password', passwordGrant, ['username', 'password', 'scope']);
rules.attach(provider);

/** Everything the application asks for: there is nobody else's application to ask consent for. */
async function grantFor(ctx) {
  const { account, client, session } = ctx.oidc;
  const before = await provider.Grant.find(session.grantIdFor(client.clientId));
  const grant = before ?? new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
  return granted(ctx, grant);
}

async function granted(ctx, grant) {
  const { requestParamOIDCScopes, requestParamScopes } = ctx.oidc;
  grant.addOIDCScope([...requestParamOIDCScopes].join(' '));
  grant.addResourceScope(API, API_SCOPES.filter((scope) => requestParamScopes.has(scope)).join(' '));
  await grant.save();
  return grant;
}

function resourceServer(ctx, identifier) {
  if (identifier !== API) throw new errors.InvalidTarget();
  return { audience: API, scope: API_SCOPES.join(' '), accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } };
}

/** RFC 6749, 4.3, which node-oidc-provider leaves to its users. Demo-grade: it counts no wrong passwords. */
async function passwordGrant(ctx) {
  const { client, params, requestParamOIDCScopes, requestParamScopes } = ctx.oidc;
  const account = accountByPassword(params.username, params.password);
  if (!account) throw new errors.InvalidGrant('wrong name or password');
  ctx.oidc.entity('Account', account);
  await rules.allowed(ctx); // before anything is stored

  const { accountId } = account;
  const login = { accountId, client, gty: 'password' };
  const authenticated = { amr: ['pwd'], authTime: Math.floor(Date.now() / 1000) };
  const grant = await granted(ctx, new provider.Grant({ accountId, clientId: client.clientId }));
  const scope = [grant.getOIDCScope(), grant.getResourceScope(API)].join(' ').trim() || undefined;

  const accessToken = new provider.AccessToken({ ...login, grantId: grant.jti });
  accessToken.resourceServer = new provider.ResourceServer(API, resourceServer(ctx, API));
  accessToken.scope = grant.getResourceScopeFiltered(API, requestParamScopes);
  ctx.oidc.entity('AccessToken', accessToken);
  ctx.body = {
    access_token: await accessToken.save(),
    token_type: 'Bearer',
    expires_in: accessToken.expiration,
    scope: accessToken.scope || undefined,
  };

  if (client.grantTypeAllowed('refresh_token')) {
    const refreshed = { ...login, ...authenticated, grantId: grant.jti, resource: API, scope, rotations: 0 };
    ctx.body.refresh_token = await new provider.RefreshToken(refreshed).save();
  }
  if (requestParamOIDCScopes.has('openid')) {
    const { amr, authTime } = authenticated;
    const own = { ...(await account.claims()), sub: accountId, amr, auth_time: authTime };
    const idToken = new provider.IdToken(own, { ctx });
    idToken.scope = grant.getOIDCScope();
    ctx.body.id_token = await idToken.issue({ use: 'idtoken' });
  }
}

const pages = new Pages(provider);
const answer = provider.callback();
createServer(async (req, res) => {
  if (!(await pages.handle(req, res))) answer(req, res);
}).listen(Number(PORT), '127.0.0.1', () => console.log(`the demo provider answers at ${provider.issuer}`));

// Who may log in, to which applications: the demo provider's two tables.
//
// A provider of yours has a database here. Demo-grade: passwords, codes and secrets stand in the clear because these
// people do not exist, and a one-time code that is always the same is no second factor.

import { createHash, timingSafeEqual } from 'node:crypto';

// Fields beside these have Auth0's names, because rules know them. These never leave the provider.
const OWN = new Set(['password', 'oneTimeCode']);

const USERS = [
  {
    password: 'analytical',
    oneTimeCode: '246810', // bob has none
    user_id: 'demo|ada',
    username: 'ada',
    name: 'Ada Lovelace',
    given_name: 'Ada',
    family_name: 'Lovelace',
    email: 'ada@example.com',
    email_verified: true,
    user_metadata: {},
    app_metadata: {
      authorization: { groups: ['engineering'], roles: ['editor'], permissions: ['read:articles', 'write:articles'] },
    },
  },
  {
    password: 'builder',
    user_id: 'demo|bob',
    username: 'bob',
    name: 'Bob Miller',
    given_name: 'Bob',
    family_name: 'Miller',
    email: 'bob@example.net',
    email_verified: false,
    user_metadata: {},
    app_metadata: {},
  },
];

export const CLIENTS = [
  {
    client_id: 'demo-app',
    client_name: 'Demo App',
    client_secret: 'demo-secret',
    redirect_uris: ['http://127.0.0.1:8300/callback'],
    grant_types: ['password', 'authorization_code', 'refresh_token'],
  },
  {
    client_id: 'demo-service',
    client_name: 'Demo Service',
    client_secret: 'service-secret',
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
  },
];

/** As node-oidc-provider wants an account, with what the rules are told beside it; undefined where there is none. */
export function accountById(id) {
  return account(USERS.find((user) => user.user_id === id));
}

export function accountByPassword(username, password) {
  const user = USERS.find((one) => one.username === username);
  return same(password, user?.password ?? '') && user ? account(user) : undefined;
}

export function hasSecondFactor(user) {
  return user.oneTimeCode !== undefined;
}

export function isOneTimeCode(user, code) {
  return hasSecondFactor(user) && same(code, user.oneTimeCode);
}

function account(user) {
  if (!user) return undefined;
  const profile = () => Object.fromEntries(Object.entries(user).filter(([name]) => !OWN.has(name)));
  return { accountId: user.user_id, connection: 'demo-users', user, profile, claims: async () => profile() };
}

function same(given, expected) {
  const [one, other] = [given, expected].map((text) => createHash('sha256').update(String(text)).digest());
  return timingSafeEqual(one, other);
}

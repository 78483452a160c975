// Where node-oidc-provider asks Claimsmith, and what becomes of the answer.
//
// One call an issuance, whatever it makes:
//
//   password, refresh, client credentials  asked at the token endpoint, before anything is stored or consumed
//   authorization code                     asked at the authorization endpoint, when the person is known: there is a
//                                          browser, for a page or a second factor. The code carries the decision, so
//                                          that its exchange asks nothing more
//
// No token and no code is made without an `allow`: each of the three places where node-oidc-provider makes one asks
// `allowed`, and that throws.

import { errors, interactionPolicy, Provider } from 'oidc-provider';

import { applyUpdate, decide } from './claims-hook.js';

const { Check, Prompt } = interactionPolicy;

// `context.protocol` by grant type, in Auth0's words: rules look at it.
const PROTOCOLS = {
  __proto__: null,
  password: 'oauth2-password',
  refresh_token: 'oauth2-refresh-token',
  client_credentials: 'oauth2-client-credentials',
};

// Theirs to hand in, not a rule's to read: the record of the execution would keep them.
const CREDENTIALS = new Set([
  'password', 'client_secret', 'code', 'code_verifier', 'device_code', 'refresh_token', 'assertion', 'client_assertion',
]);

// RFC 6749 knows no `unauthorized`; a client understands the registered word.
const REFUSALS = {
  __proto__: null, // the word comes from outside: `toString` is no row of this table
  access_denied: errors.AccessDenied,
  unauthorized: errors.AccessDenied,
  interaction_required: errors.InteractionRequired,
  temporarily_unavailable: errors.TemporarilyUnavailable,
};
// node-oidc-provider says 400 to every OAuth error. Monitoring, and clients that try again, look at these.
const STATUS = { __proto__: null, server_error: 500, temporarily_unavailable: 503 };

export class LoginRules {
  #executeUrl;
  #token;
  #hasSecondFactor;
  #decisions = new WeakMap(); // by ctx.oidc, one for each request: the tokens of an issuance ask once between them

  /** `token` needs the scope `execute` only. `hasSecondFactor(user)`: whether this person can be asked for one. */
  constructor({ executeUrl, token, hasSecondFactor }) {
    this.#executeUrl = executeUrl;
    this.#token = token;
    this.#hasSecondFactor = hasSecondFactor;
  }

  /** What the rules allowed in this request: `idToken` and `accessToken`. Throws the OAuth error of a refusal. */
  async allowed(ctx) {
    const decision = await this.#decision(ctx);
    if (decision.kind !== 'allow') throw refusal(decision);
    if (decision.scope !== null || decision.lifetime !== null) {
      // node-oidc-provider settles both before it asks for claims. A token with more than a rule left is worse than
      // none.
      console.error('a rule changed the scope or a lifetime, which this issuer cannot do: no token');
      throw refusal({ error: 'server_error', description: 'the login rules gave no answer' });
    }
    return decision;
  }

  /** For `extraTokenClaims`: claims of the access token. */
  extraTokenClaims = async (ctx) => (await this.allowed(ctx)).accessToken;

  /**
   * For `rotateRefreshToken`. node-oidc-provider calls it before it consumes the old refresh token, and the other hooks
   * after. Asked there, a refusal would cost the client its refresh token, and its next try would be taken for a theft.
   */
  askBeforeRotation = (policy) => async (ctx) => {
    await this.allowed(ctx);
    return policy(ctx);
  };

  /** For `interactions.policy`, after all others: a login with a page, or a second factor, before there is a code. */
  prompt() {
    const description = 'the login needs a page or a second factor';
    const details = async (ctx) => {
      const { kind, redirectUrl, multifactor } = await this.#decision(ctx);
      return { kind, redirectUrl, multifactor };
    };
    const check = (ctx) => this.#needsSomething(ctx);
    return new Prompt({ name: 'rules' }, new Check('rules_ask', description, 'interaction_required', check, details));
  }

  /** To be called once, before the provider answers its first request. */
  attach(provider) {
    const rules = this;
    const { AuthorizationCode, IdToken, Session } = provider;

    // The mask trap: of what an account's `claims` returns, node-oidc-provider puts into an ID token what the
    // configuration declares under `claims`, and silently leaves out the rest. Which names rules will use nobody knows
    // beforehand, so theirs go in behind the mask. (`conformIdTokenClaims: false` is for the user's own claims: with
    // the default, an ID token beside an access token for /userinfo has none of `email` and `profile`.)
    const { issue, payload } = IdToken.prototype;
    IdToken.prototype.issue = async function issueAllowed(options) {
      if (options.use === 'idtoken') {
        const { idToken } = await rules.allowed(this.ctx);
        this.payload = async () => ({ ...(await payload.call(this)), ...idToken });
      }
      return issue.call(this, options);
    };

    // In the code and not beside it: whatever the adapter, the decision is stored, consumed and expires with it.
    addField(AuthorizationCode, 'decision');
    const { save } = AuthorizationCode.prototype;
    AuthorizationCode.prototype.save = async function saveAllowed(...args) {
      const { kind, idToken, accessToken, scope, lifetime } = await rules.allowed(Provider.ctx);
      this.decision = { kind, idToken, accessToken, scope, lifetime };
      return save.apply(this, args);
    };

    addField(Session, 'mfaTime');
  }

  async #needsSomething(ctx) {
    const { account, session } = ctx.oidc;
    const { page, secondFactor } = given(ctx.oidc);
    if (secondFactor) {
      session.amr = [...new Set([...(session.amr ?? []), 'otp', 'mfa'])]; // RFC 8176
      session.mfaTime = secondFactor.time;
    }
    const { kind } = await this.#decision(ctx);
    // One page and one second factor a login: rules that ask for ever get no token.
    if (kind === 'redirect' && !page) return Check.REQUEST_PROMPT;
    if (kind === 'step_up' && !secondFactor && this.#hasSecondFactor(account.user)) return Check.REQUEST_PROMPT;
    await this.allowed(ctx);
    return Check.NO_NEED_TO_PROMPT;
  }

  #decision(ctx) {
    const { oidc } = ctx;
    if (!this.#decisions.has(oidc)) {
      this.#decisions.set(oidc, oidc.authorizationCode ? carried(oidc.authorizationCode) : this.#ask(ctx));
    }
    return this.#decisions.get(oidc);
  }

  /** The one call to Claimsmith. Metadata changes are kept whatever the decision. */
  async #ask(ctx) {
    const { account, client, params, provider } = ctx.oidc;
    // Without a user no rule may run, and `allow` comes back: never by accident.
    if (!account && params.grant_type !== 'client_credentials') throw new Error('asked before the user is known');
    const { page } = given(ctx.oidc); // a rule sent the login there, and verifies what it sent back
    const sent = withoutCredentials(params);
    const context = {
      clientID: client.clientId,
      clientName: client.clientName,
      connection: account?.connection,
      protocol: page ? 'redirect-callback' : (PROTOCOLS[params.grant_type] ?? 'oidc-basic-profile'),
      request: {
        ip: ctx.ip,
        userAgent: ctx.get('user-agent'),
        hostname: new URL(provider.issuer).hostname, // the Host header is the caller's to choose
        ...(page ?? (params.grant_type ? { query: {}, body: sent } : { query: sent, body: {} })),
      },
      authentication: { methods: account ? methods(ctx.oidc) : [] },
      idToken: {},
      accessToken: {},
    };
    const decision = await decide(this.#executeUrl, this.#token, account ? account.profile() : null, context);
    for (const [store, patch] of Object.entries(account ? decision.updates : {})) {
      account.user[store] = applyUpdate(account.user[store], patch);
    }
    // Whoever asks why a claim is missing needs the execution's id, and it tells nothing else.
    if (decision.executionId) ctx.set('Claimsmith-Execution', decision.executionId);
    return decision;
  }
}

/**
 * What came of this login's page and second factor. What somebody else gave does not count: on the way between the two
 * node-oidc-provider may ask for the password again (`max_age`), and go on with another person.
 */
function given({ account, result }) {
  const { page, second_factor: secondFactor } = result ?? {};
  const ours = (one) => (one && one.accountId === account?.accountId ? one : null);
  const [sentBack, proved] = [ours(page), ours(secondFactor)];
  return { page: sentBack && { query: sentBack.query, body: sentBack.body }, secondFactor: proved };
}

/** How the person has proved who they are, in Auth0's words. */
function methods({ refreshToken, session }) {
  const { amr = ['pwd'], authTime = now(), mfaTime = authTime } = refreshToken ?? (session ? timesOf(session) : {});
  const times = { pwd: authTime, mfa: mfaTime };
  const names = Object.keys(times).filter((name) => amr.includes(name));
  return names.map((name) => ({ name, timestamp: times[name] * 1000 }));
}

function timesOf(session) {
  return { amr: session.amr, authTime: session.authTime(), mfaTime: session.mfaTime };
}

/** A code from before Claimsmith was asked carries nothing, and gets nothing. */
async function carried({ decision }) {
  return decision ?? { kind: 'deny', error: 'server_error', description: 'the login rules gave no answer' };
}

/** The OAuth error a client gets. RFC 6749 allows plain ASCII without quotes; rules write anything. */
function refusal({ error, description }) {
  const text = description.replaceAll('"', "'").replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/gu, '?');
  const Refusal = REFUSALS[error];
  const refused = Refusal ? new Refusal(text) : new errors.CustomOIDCProviderError(error, text);
  const status = STATUS[error] ?? refused.status;
  return Object.assign(refused, { status, statusCode: status });
}

/** One more field that a model of node-oidc-provider stores. */
function addField(Model, name) {
  const fields = [...Model.IN_PAYLOAD, name];
  Object.defineProperty(Model, 'IN_PAYLOAD', { get: () => fields });
}

function withoutCredentials(params) {
  return Object.fromEntries(
    Object.entries(params).filter(([name, value]) => value !== undefined && !CREDENTIALS.has(name)),
  );
}

function now() {
  return Math.floor(Date.now() / 1000);
}

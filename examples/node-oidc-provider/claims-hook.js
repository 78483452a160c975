// The one call an issuer makes at every login: may this user have a token, and which claims go into it?
//
// Copy this file into your issuer. It needs Node 20 or later, and nothing else.
//
// It fails closed. `decide` never throws, and `kind` is `allow` only when the service answered 200 with a JSON object
// that says `allow` and holds both claim maps. A timeout, another status, broken JSON and a decision this file does not
// know are all refusals, with an OAuth error for the client:
//
//   access_denied, unauthorized  a rule stands in the way; asking again will not help
//   interaction_required         a page or a second factor is needed, and cannot be had at this endpoint
//   temporarily_unavailable      Claimsmith was not reached, or could not decide; asking again may help
//   server_error                 a rule, the answer or this issuer's set-up is broken

// The service stops itself at DEADLINE_MS; the rest of TIMEOUT_MS is for the way there and back.
const DEADLINE_MS = 1500;
const TIMEOUT_MS = 2000;

// What the protocol says in a token is the issuer's to say. Claimsmith protects these too; whoever signs does not rely
// on that.
const PROTOCOL_CLAIMS = new Set([
  'iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'nonce', 'azp', 'at_hash', 'c_hash', 's_hash', 'sid',
  'auth_time', 'acr', 'amr', 'cnf', 'act', 'may_act', 'client_id', 'scope', 'gty', 'events',
]);

/**
 * What the rules decided.
 *
 * @typedef {object} Decision
 * @property {'allow' | 'deny' | 'redirect' | 'step_up'} kind
 * @property {object} idToken claims, with `allow` only; none of the protocol's
 * @property {object} accessToken likewise
 * @property {string[] | null} scope null: the rules did not touch it
 * @property {object | null} lifetime seconds by token; null: the rules did not touch it
 * @property {string | null} redirectUrl with `redirect`
 * @property {object} multifactor with `step_up`: what the rule asked for
 * @property {string} error with everything but `allow`, as is the `description`
 * @property {string} description
 * @property {object} updates with every kind: patches of `user_metadata` and `app_metadata`. Store them
 * @property {string | null} executionId for whoever has to find out why
 */

/**
 * Run the rules over one login. Never throws; everything but a clear `allow` is a refusal.
 *
 * @param {string} executeUrl https://claimsmith.internal/v1/execute
 * @param {string} token of the scope `execute`
 * @param {object | null} user in Auth0's field names; null where there is none (client credentials)
 * @param {object} context of the login, in Auth0's field names
 * @returns {Promise<Decision>}
 */
export async function decide(executeUrl, token, user, context) {
  let response;
  let text;
  try {
    response = await fetch(executeUrl, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ user, context, deadline_ms: DEADLINE_MS }),
      redirect: 'manual', // the data and the token are for this address alone
      signal: AbortSignal.timeout(TIMEOUT_MS), // of the whole answer: one that trickles would hold the login
    });
    text = await response.text();
  } catch (error) {
    // Not the message: of a malformed token it quotes the header.
    console.error(`claimsmith not reached: ${error.cause?.code ?? error.name}`);
    return refuse('temporarily_unavailable');
  }
  if (response.status !== 200) {
    console.error(`claimsmith answered ${response.status}: ${text.slice(0, 500)}`);
    // 4xx is ours to repair (token, URL, body): the client cannot mend it by asking again.
    const again = response.status === 429 || response.status >= 500;
    return refuse(again ? 'temporarily_unavailable' : 'server_error');
  }
  try {
    return read(JSON.parse(text));
  } catch (error) { // an answer no one foresaw must not become a token
    console.error(`claimsmith gave no usable answer: ${error.message}`);
    return refuse('server_error');
  }
}

/** The metadata after a patch in Auth0's terms: merge at the root, `null` deletes a key, `{}` clears. */
export function applyUpdate(metadata, patch) {
  if (patch === undefined) return metadata;
  if (Object.keys(patch).length === 0) return {};
  return Object.fromEntries(Object.entries({ ...metadata, ...patch }).filter(([name]) => patch[name] !== null));
}

function read(answer) {
  const { execution_id: executionId, decision } = object(answer);
  if (typeof executionId !== 'string') throw new TypeError('no execution_id');
  const asked = Object.entries(object(answer.updates ?? {})).filter(([, patch]) => patch !== null);
  const updates = Object.fromEntries(asked.map(([store, patch]) => [store, object(patch)]));
  const seen = { updates, executionId };
  switch (decision) {
    case 'allow':
      return {
        ...refuse('', '', seen),
        kind: 'allow',
        idToken: withoutProtocolClaims(object(answer.idToken)),
        accessToken: withoutProtocolClaims(object(answer.accessToken)),
        scope: typeof answer.scope === 'string' ? answer.scope.split(' ') : (answer.scope ?? null),
        lifetime: answer.lifetime ?? null,
      };
    case 'deny': {
      const denial = object(answer.denial ?? {});
      return refuse(String(denial.error || 'access_denied'), String(denial.description ?? ''), seen);
    }
    case 'redirect': {
      const redirectUrl = String(answer.redirect.url);
      if (!/^https?:\/\//.test(redirectUrl)) throw new TypeError('the redirect leads to no web page');
      const parts = { ...seen, kind: 'redirect', redirectUrl };
      return refuse('interaction_required', 'the login needs a page', parts);
    }
    case 'step_up': {
      const multifactor = object(answer.multifactor ?? {});
      const parts = { ...seen, kind: 'step_up', multifactor };
      return refuse('interaction_required', 'the login needs a second factor', parts);
    }
    default: // a newer service may know more decisions; an issuer must not guess what they mean
      console.error(`claimsmith decided \`${decision}\`, which this issuer does not know`);
      return refuse('server_error', undefined, seen);
  }
}

function refuse(error, description = 'the login rules gave no answer', parts = {}) {
  const claims = { idToken: {}, accessToken: {}, scope: null, lifetime: null };
  const others = { redirectUrl: null, multifactor: {}, updates: {}, executionId: null };
  return { kind: 'deny', ...claims, ...others, error, description, ...parts };
}

function withoutProtocolClaims(claims) {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !PROTOCOL_CLAIMS.has(name)));
}

function object(value) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new TypeError('not a JSON object');
  return value;
}

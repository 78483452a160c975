// What the person sees: the login form, the form for a one-time code, and the way to a rule's page and back.
//
// node-oidc-provider keeps the login that waits (its Interaction) and gives the browser a cookie for it. Nothing here
// decides anything: when a page is done the login goes on at the authorization endpoint, and the rules are asked again.

import { accountById, accountByPassword, isOneTimeCode } from './directory.js';

const BODY_LIMIT = 64 * 1024;
// In one login. A provider that guards more than demo users counts over all logins of a person, too.
const CODE_TRIES = 3;

export class Pages {
  #provider;
  #tries = new Map(); // left, by login. In memory: two codes sent at the same time are two tries

  constructor(provider) {
    this.#provider = provider;
  }

  /** Answers a request for one of the pages; false where it is none. */
  async handle(req, res) {
    const [path, ...query] = req.url.split('?');
    const page = /^\/interaction\/[\w-]+$|^\/continue$/.exec(path)?.[0];
    if (!page || !['GET', 'POST'].includes(req.method)) return false;
    try {
      const sent = req.method === 'POST' ? await form(req) : {};
      if (page === '/continue') await this.#back(res, entries(query.join('?')), sent);
      else if (req.method === 'POST') await this.#accept(req, res, sent);
      else await this.#show(req, res);
    } catch (error) { // no such login, or its cookie is another browser's
      const { status = 500, error: code = 'server_error', error_description: description } = error;
      if (status === 500) console.error(error);
      send(res, status, 'application/json', JSON.stringify({ error: code, error_description: description }));
    }
    return true;
  }

  async #show(req, res) {
    const { uid, session, prompt: { name, details } } = await this.#provider.interactionDetails(req, res);
    if (name === 'login') {
      loginForm(res);
    } else if (details.kind === 'step_up') {
      codeForm(res);
    } else if (details.page) {
      const page = { accountId: session.accountId, ...details.page };
      await this.#provider.interactionFinished(req, res, { page });
    } else {
      // The state that the page brings back: nobody guesses it, it is good once, and without the cookie, which is
      // signed, it is of no use.
      const page = new URL(details.redirectUrl);
      page.search += `${page.search ? '&' : '?'}state=${uid}`;
      redirect(res, page.href);
    }
  }

  async #accept(req, res, sent) {
    const { uid, session, prompt: { name, details } } = await this.#provider.interactionDetails(req, res);
    const finish = (result) => this.#provider.interactionFinished(req, res, result);
    if (name === 'login') {
      const account = accountByPassword(sent.username, sent.password);
      if (!account) return loginForm(res, 'wrong name or password', 401);
      return finish({ login: { accountId: account.accountId, amr: ['pwd'] } });
    }
    if (details.kind !== 'step_up') return redirect(res, `/interaction/${uid}`);
    const left = (this.#tries.get(uid) ?? CODE_TRIES) - 1;
    this.#tries.set(uid, left); // and kept: a browser that does not go on with the refusal has no new ones
    const right = left >= 0 && isOneTimeCode(accountById(session.accountId).user, sent.code);
    if (!right && left > 0) return codeForm(res, 'wrong code', 401);
    if (!right) return finish({ error: 'access_denied', error_description: 'too many wrong codes' });
    return finish({ second_factor: { accountId: session.accountId, time: Math.floor(Date.now() / 1000) } });
  }

  /** From the page a rule sent the login to. By POST it comes without the cookie: the browser fetches that next. */
  async #back(res, query, body) {
    const waiting = await this.#provider.Interaction.find(query.state ?? body.state);
    const details = waiting?.prompt.details;
    if (details?.kind !== 'redirect' || details.page) {
      const problem = { error: 'invalid_request', error_description: 'unknown state' };
      return send(res, 400, 'application/json', JSON.stringify(problem));
    }
    details.page = { query, body };
    await waiting.persist();
    return redirect(res, `/interaction/${waiting.uid}`);
  }
}

async function form(req) {
  const parts = [];
  let size = 0;
  for await (const part of req) {
    size += part.length;
    if (size > BODY_LIMIT) throw Object.assign(new Error('too large'), { status: 413, error: 'invalid_request' });
    parts.push(part);
  }
  return entries(Buffer.concat(parts).toString());
}

function entries(encoded) {
  return Object.fromEntries(new URLSearchParams(encoded));
}

function loginForm(res, problem, status) {
  const fields = `<label>Name <input name="username" autofocus></label>
      <label>Password <input name="password" type="password"></label>`;
  show(res, fields, problem, status);
}

function codeForm(res, problem, status) {
  const fields = `<label>One-time code
      <input name="code" inputmode="numeric" autocomplete="one-time-code" autofocus></label>`;
  show(res, fields, problem, status);
}

function show(res, fields, problem = '', status = 200) {
  const page = `<!doctype html><title>Log in</title><p>${problem}</p>
    <form method="post">${fields} <button>Log in</button></form>`;
  send(res, status, 'text/html; charset=utf-8', page);
}

function redirect(res, location) {
  res.writeHead(303, { location, 'cache-control': 'no-store' }).end();
}

function send(res, status, type, content) {
  const headers = { 'content-type': type, 'cache-control': 'no-store' };
  const policy = "default-src 'none'; frame-ancestors 'none'";
  res.writeHead(status, { ...headers, 'content-security-policy': policy }).end(content);
}

// Runs a snippet of docs/issuers/snippets.md with what it uses of its issuer around it, as the issuer's documentation or
// source describes it. On stdin `{"issuer", "source", "given"}`; on stdout what the snippet did, as JSON.
"use strict";

const { spawnSync } = require("node:child_process");
const vm = require("node:vm");

// `fetch` of the issuers whose scripts wait for it; 3 seconds are the issuer's own limit. Throws as they do.
function fetchNow(url, { method, headers, body }) {
  const script = `
    const { url, ...options } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    fetch(url, options).then(async (response) => {
      process.stdout.write(JSON.stringify({ status: response.status, body: await response.text() }));
    }, () => process.exit(1));`;
  const input = JSON.stringify({ url, method, headers, body });
  const done = spawnSync(process.execPath, ["-e", script], { input, timeout: 3000, encoding: "utf8" });
  if (done.status !== 0) throw new Error(`cannot reach ${url}`);
  return JSON.parse(done.stdout);
}

// An object that writes down its calls, by the path of the method.
function recorder(methods, calls) {
  const object = {};
  for (const [path, result] of Object.entries(methods)) {
    const names = path.split(".");
    const owner = names.slice(0, -1).reduce((at, name) => (at[name] ??= {}), object);
    owner[names.at(-1)] = (...args) => {
      calls.push([path, ...args]);
      return result;
    };
  }
  return object;
}

const ISSUERS = {
  async auth0(source, { handler, event, canRedirect }) {
    const calls = [];
    const methods = [
      "access.deny", "idToken.setCustomClaim", "accessToken.setCustomClaim", "accessToken.addScope",
      "accessToken.removeScope", "redirect.sendUserTo", "user.setUserMetadata", "user.setAppMetadata",
    ];
    const api = recorder(Object.fromEntries(methods.map((name) => [name, undefined])), calls);
    api.redirect.canRedirect = () => canRedirect;
    const exports = {};
    vm.runInNewContext(source, { exports, fetch, AbortSignal, console: { log() {} } });
    await exports[handler](event, api);
    return { calls };
  },

  async logto(source, { token, context, environmentVariables, abort }) {
    const globals = { fetch: (...args) => fetch(...args), ...(abort ? { AbortSignal } : {}) };
    const script = vm.runInNewContext(`${source};getCustomJwtClaims`, globals);
    const api = {
      denyAccess(message) {
        throw Object.assign(new Error(message), { denied: true });
      },
    };
    try {
      return { claims: await script({ token, context, environmentVariables, api }) };
    } catch (error) {
      return error.denied ? { denied: error.message } : { failed: error.message };
    }
  },

  async fusionauth(source, { lambda, user, registration, jwt }) {
    const errors = [];
    const result = { errors: { generalErrors: [], fieldErrors: {} } };
    const globals = { fetch: fetchNow, console: { error: (text) => errors.push(text) }, jwt, user, registration, result };
    const call = { populate: "populate(jwt, user, registration)", validate: "validate(result, user, registration, {})" };
    vm.runInNewContext(`${source};${call[lambda]}`, globals);
    return { jwt, errors, refused: result.errors.generalErrors };
  },

  async pingam(source, { grant, token }) {
    const calls = [];
    const accessToken = recorder(
      { getGrantType: grant, getClientId: "demo-app", getResourceOwnerId: "u1", setField: undefined }, calls);
    const httpClient = {
      send: (url, options) => ({
        get() {
          const headers = { ...options.headers, Authorization: `Bearer ${options.token}` };
          const answer = fetchNow(url, { method: options.method, headers, body: JSON.stringify(options.body) });
          return { status: answer.status, ok: answer.status === 200, text: () => answer.body };
        },
      }),
    };
    const systemEnv = { getProperty: (name) => (name === "esv.claimsmith.token" ? token : null) };
    const set = () => calls.filter(([name]) => name === "setField").map(([, ...args]) => args);
    try {
      vm.runInNewContext(source, { accessToken, httpClient, systemEnv, logger: { error() {} } });
      return { set: set() };
    } catch (error) {
      return { set: set(), failed: String(error) };
    }
  },
};

const { issuer, source, given } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
ISSUERS[issuer](source, given).then((done) => process.stdout.write(JSON.stringify(done)));

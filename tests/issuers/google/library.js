// What Google's library for blocking functions makes of calls, tokens and answers: from standard input to standard output.
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const packages = join(__dirname, "node_modules");
const identity = require(join(packages, "firebase-functions/lib/common/providers/identity.js"));
const tokens = require(join(packages, "firebase-admin/lib/auth/token-verifier.js"));

const asked = JSON.parse(readFileSync(0, "utf8"));
const app = { options: { projectId: asked.project } };
const verifier = new tokens.FirebaseTokenVerifier(
  asked.certificates, "https://securetoken.google.com/", tokens.AUTH_BLOCKING_TOKEN_INFO, app,
);

const each = async (named, made) =>
  Object.fromEntries(await Promise.all(Object.entries(named).map(async ([name, one]) => [name, await made(one)])));

async function verified(token) {
  try {
    return (await verifier._verifyAuthBlockingToken(token, false, asked.audience)) && "";
  } catch (error) {
    return error.message;
  }
}

function read(call) {
  return { user: identity.parseAuthUserRecord(call.user_record), context: identity.parseAuthEventContext(call, asked.project) };
}

function answered({ event, claims }) {
  try {
    identity.validateAuthResponse(event, { sessionClaims: claims });
    return identity.generateResponsePayload({ sessionClaims: claims });
  } catch (error) {
    return { error: error.toJSON(), status: error.httpErrorCode.status };
  }
}

(async () => {
  const made = { tokens: await each(asked.tokens, verified), calls: await each(asked.calls, read) };
  console.log(JSON.stringify({ ...made, answers: await each(asked.answers, answered) }));
})();

// The pre token generation trigger of a Cognito user pool, as a Lambda function (Node.js 20 or newer, no packages): it
// hands each event to Claimsmith, and Claimsmith's answer to Cognito. How to set it up: docs/issuers/cognito.md.
//
// CLAIMSMITH_URL     https://claimsmith.example.com/v1/hooks/cognito/TENANT
// CLAIMSMITH_SECRET  whsec_...: signs each event (Standard Webhooks), so that nobody can replay or change one; or
// CLAIMSMITH_TOKEN   a fixed text, which is sent along
//
// It fails closed: where it throws, Cognito issues no token. What it throws is shown to the person, so only the text of
// a denial is; all else stands in the function's log.
import { createHmac, randomUUID } from "node:crypto";

const WAIT = 3000; // ms: Cognito gives the function five seconds in all
const UNDECIDED = "The sign-in is not possible just now";

function credentials(body, secret = process.env.CLAIMSMITH_SECRET) {
  if (!secret) return { authorization: `Bearer ${process.env.CLAIMSMITH_TOKEN}` };
  const id = randomUUID();
  const timestamp = Math.floor(Date.now() / 1000).toString();
  const hmac = createHmac("sha256", Buffer.from(secret.replace("whsec_", ""), "base64"));
  const signature = `v1,${hmac.update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
}

async function ask(body) {
  const headers = { "content-type": "application/json", ...credentials(body) };
  const signal = AbortSignal.timeout(WAIT);
  const response = await fetch(process.env.CLAIMSMITH_URL, { method: "POST", headers, body, signal, redirect: "error" });
  return [response.status, await response.json()];
}

export async function handler(event) {
  const [status, answer] = await ask(JSON.stringify(event)).catch((error) => [0, { errorMessage: String(error) }]);
  if (status === 200 && answer?.triggerSource === event.triggerSource) return answer;
  console.error("Claimsmith:", status, answer);
  throw new Error(status === 403 ? answer?.errorMessage : UNDECIDED);
}

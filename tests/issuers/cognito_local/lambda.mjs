// Where AWS Lambda would be: the function of examples/cognito, invoked by its API (Invoke, AWS Lambda API reference), on a
// port of its own, which it prints; until its standard input ends.
import { createServer } from "node:http";
import { handler } from "../../../examples/cognito/index.mjs";

const INVOKE = /^\/2015-03-31\/functions\/claimsmith\/invocations$/;

const server = createServer(async (request, response) => {
  if (request.method !== "POST" || !INVOKE.test(request.url)) return response.writeHead(404).end();
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const answer = (payload, headers = {}) => response.writeHead(200, headers).end(JSON.stringify(payload));
  try {
    answer(await handler(JSON.parse(Buffer.concat(pieces).toString())));
  } catch (error) {
    answer({ errorType: error.name, errorMessage: error.message, trace: [] }, { "x-amz-function-error": "Unhandled" });
  }
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit()).resume();

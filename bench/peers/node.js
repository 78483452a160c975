// node node.js vm|isolated PORT: the five rules in a new context of `node:vm` for every request, or in an isolate that
// is kept (`isolated-vm`, found by NODE_PATH). Both with a time limit, both in one process.
const fs = require("fs");
const http = require("http");
const path = require("path");

const [kind, port] = process.argv.slice(2);
const source = fs.readFileSync(path.join(__dirname, "rules.js"), "utf8");
const TIMEOUT = 250;

function fresh() {
  const vm = require("vm");
  const script = new vm.Script(source + "\nrun(text)");
  return (text) => script.runInContext(vm.createContext({ text }), { timeout: TIMEOUT });
}

function kept() {
  const ivm = require("isolated-vm");
  const isolate = new ivm.Isolate({ memoryLimit: 128 });
  const context = isolate.createContextSync();
  isolate.compileScriptSync(source).runSync(context);
  const run = context.global.getSync("run", { reference: true });
  return (text) => run.apply(undefined, [text], { timeout: TIMEOUT });
}

const decide = { vm: fresh, isolated: kept }[kind]();

function answer(response, status, body) {
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

http
  .createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", async () => {
      try {
        answer(response, 200, await decide(Buffer.concat(parts).toString()));
      } catch (error) {
        answer(response, 500, JSON.stringify({ error: String(error) }));
      }
    });
  })
  .listen(Number(port), "127.0.0.1");

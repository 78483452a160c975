// Google's Auth emulator for one project, on a port of its own, which it prints; until its standard input ends.

// Most of its start goes into checking each of a thousand schemas of Google's own API against the schema of schemas.
const schemas = require.resolve("ajv/dist/core", { paths: [require.resolve("exegesis")] });
require(schemas).default.prototype.validateSchema = () => true;

const { createApp } = require("firebase-tools/lib/emulator/auth/server");
const { SingleProjectMode } = require("firebase-tools/lib/emulator/auth");

createApp(process.argv[2], SingleProjectMode.NO_WARNING).then((app) => {
  const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
});
process.stdin.on("end", () => process.exit()).resume();

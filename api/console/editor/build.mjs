// Builds what the console serves of this folder. `node build.mjs [FOLDER]`: by default into ../static.
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "..", "static");

await mkdir(out, { recursive: true });
const bundle = await build({
  absWorkingDir: here,
  entryPoints: ["index.js"],
  outfile: join(out, "editor.js"),
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  minify: true,
  legalComments: "none",
  metafile: true,
});
await copyFile(join(here, "node_modules/htmx.org/dist/htmx.min.js"), join(out, "htmx.js"));

/** The npm packages that an input of the bundle belongs to. */
const packages = new Set(["htmx.org"]);
for (const path of Object.keys(bundle.metafile.inputs)) {
  const found = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path);
  if (found) packages.add(found[1]);
}

const notes = [];
for (const name of [...packages].sort()) {
  const folder = join(here, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const text = await readFile(join(folder, "LICENSE"), "utf8");
  notes.push(`${name} ${version} (${license})\n\n${text.replaceAll("\r\n", "\n").trim()}\n`);
}
const head = "htmx.js is htmx.org as it was published; editor.js holds parts of the other packages.\n";
await writeFile(join(out, "LICENSES.txt"), [head, ...notes].join(`\n${"-".repeat(72)}\n\n`));

// Importing a file of exported tenants: what it would change is told first, and nothing is changed before it is asked for.
import { Refused, alarm, calm, call, element } from "/console/static/console.js";

const file = document.getElementById("file");
const look = document.getElementById("look");
const opening = document.getElementById("opening");
const passphrase = document.getElementById("passphrase");
const outcome = document.getElementById("outcome");
const KINDS = { made: "would be made", replaced: "is there, and another: it would be replaced", unchanged: "is the same already" };
const DONE = { made: "is made", replaced: "is replaced", unchanged: "was the same already" };
const HOW = { changed: "changed", missing: "added", more: "taken out" }; // as seen from what is here now
let sections = [];

/** The tenants of a file, each with its lines; throws for what is no export. */
function read(text) {
  const found = [];
  let open = null;
  text.split("\n").forEach((line, number) => {
    if (!line.trim()) return;
    let kind, said;
    try {
      said = JSON.parse(line);
      kind = said.kind;
    } catch {
      throw new Error(`Line ${number + 1} is no JSON: this is not a file that was exported, or it is damaged.`);
    }
    if (kind === "tenant") open = { tenant: String(said.tenant), lines: [], secrets: false };
    else if (kind === "export") return;
    if (!open) throw new Error(`Line ${number + 1} belongs to no tenant: this is not a file that was exported.`);
    open.lines.push(line);
    if (kind === "secrets") open.secrets = true;
    if (kind === "end") {
      found.push(open);
      open = null;
    }
  });
  if (open) throw new Error(`The file ends within the tenant ${open.tenant}: it is not whole.`);
  if (!found.length) throw new Error("There is no tenant in this file.");
  return found;
}

file.addEventListener("change", async () => {
  calm();
  sections = [];
  outcome.replaceChildren();
  try {
    if (file.files.length) sections = read(await file.files[0].text());
  } catch (error) {
    alarm(error instanceof TypeError || error.name === "NotReadableError" ? "The file cannot be read." : error.message);
  }
  look.disabled = !sections.length;
  opening.hidden = !sections.some((one) => one.secrets);
});
passphrase.addEventListener("input", () => outcome.replaceChildren());

function put(section, query) {
  const lines = [...section.lines];
  if (section.secrets && passphrase.value) lines.unshift(JSON.stringify({ kind: "passphrase", passphrase: passphrase.value }));
  const body = new Blob([lines.join("\n") + "\n"], { type: "application/x-ndjson" });
  return call("PUT", `/v1/tenants/${encodeURIComponent(section.tenant)}/import?${query}`, { body }).then((answer) => answer.json());
}

look.addEventListener("click", async () => {
  calm();
  look.disabled = true;
  outcome.replaceChildren(element("p", {}, "Looking…"));
  const made = [];
  for (const section of sections) {
    try {
      made.push(told(section, await put(section, "dry_run=true&replace=true")));
    } catch (error) {
      made.push(refused(section, error));
    }
  }
  outcome.replaceChildren(...made);
  look.disabled = false;
});

function title(section, words) {
  return element("h3", {}, `${section.tenant} ${words}`);
}

function refused(section, error) {
  const problems = (error.problems ?? []).map((one) => element("li", {}, [one.rule ?? one.module ?? one.name, one.line && `line ${one.line}`, one.message ?? one.how].filter(Boolean).join(": ")));
  const said = error instanceof Refused ? error.message : "The service cannot be reached. Nothing was changed that is not said to be.";
  return element("div", { class: "card" }, title(section, "cannot be imported"), element("div", { class: "error" }, element("p", {}, said), problems.length ? element("ul", { class: "problems" }, ...problems) : null));
}

function told(section, done) {
  const card = element("div", { class: "card" }, title(section, KINDS[done.outcome] ?? done.outcome), ...details(done));
  if (done.outcome === "unchanged") return card;
  const button = element("button", {
    type: "button", class: done.outcome === "replaced" ? "bad" : "main",
    ...(done.outcome === "replaced" ? { "data-confirm": `Replace what is live in ${section.tenant} with what the file holds? Its history stays.` } : {}),
    onclick: async () => {
      button.disabled = true;
      try {
        const real = await put(section, `replace=${done.outcome === "replaced"}`);
        card.replaceChildren(title(section, DONE[real.outcome] ?? real.outcome), element("p", {}, `Revision ${real.revision} is live. `, element("a", { href: `/console/t/${encodeURIComponent(section.tenant)}/rules` }, "Switch to it")), ...details(real));
      } catch (error) {
        card.replaceWith(refused(section, error));
      }
    },
  }, done.outcome === "replaced" ? `Replace ${section.tenant}` : `Import ${section.tenant}`);
  card.append(element("div", { class: "buttons" }, button));
  return card;
}

function details(done) {
  const made = [];
  if (done.differences.length) {
    const items = done.differences.map((one) => element("li", {}, `${one.kind} ${one.name}: ${HOW[one.how] ?? one.how}`));
    made.push(element("ul", {}, ...items));
  }
  const missing = [...done.missing.configuration, ...done.missing.hook_secrets];
  if (missing.length) made.push(element("p", { class: "warning" }, `Without a value then, and to be set anew: ${missing.join(", ")}.`));
  return made;
}

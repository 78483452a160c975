// The editor of a rule: what is written, checked, tried, looked at, saved and deployed.
import { call, element, get, keep, notify, tenant } from "/console/static/console.js";
import { casesOf } from "/console/static/cases.js";
import { askToDeploy, raced, save } from "/console/static/deploying.js";
import { Draft, allows } from "/console/static/draft.js";
import { editor } from "/console/static/editor.js";
import { impactOf } from "/console/static/impact.js";
import { keeping } from "/console/static/keeping.js";
import { marksOf } from "/console/static/outcome.js";
import { badge, lacking, said } from "/console/static/said.js";
import { member, pieces, setOut } from "/console/static/raw.js";
import { settings } from "/console/static/settings.js";
import { tabs } from "/console/static/tabs.js";
import { words } from "/console/static/tenant_words.js";
import { trying } from "/console/static/trying.js";

const work = document.getElementById("work");
const part = (id) => document.getElementById(id);
const home = `/console/t/${encodeURIComponent(tenant)}`;
const given = JSON.parse(work.dataset.rule);
const draft = new Draft(given, work.dataset.etag, work.dataset.template);
const mayWrite = allows("rules:write");
let seen = null; // [what was looked at, what came out]
let moved = false; // whether other rules have gone live since
let busy = false;

// What is kept here goes on where it was left.
const before = draft.keptNow;
const other = Boolean(before && draft.etag && before.etag !== draft.etag);
if (before && mayWrite) {
  draft.fields = before.fields;
  draft.etag = before.etag;
}

const script = editor(part("script"), {
  doc: draft.fields.script, label: "The script of the rule", readOnly: !mayWrite,
  onChange: (text) => draft.set("script", text), onRun: runCases, onSave: () => saved(false),
  check: mayWrite ? check : undefined, onProblems: problems,
});
const form = settings(part("settings"), draft, mayWrite);
const open = tabs(part("tabs"));

function toLine(line, text = `line ${line}`) {
  return element("button", { type: "button", class: "line", onclick: () => script.goTo(line) }, text);
}

/** To a line of this rule, or of another one that ran before or behind it. */
function toAnyLine(id, rule, line) {
  if (id === undefined || id === draft.id) return toLine(line);
  return element("a", { href: `${home}/rules/${encodeURIComponent(id)}#L${line}` }, rule ? `${rule}, line ${line}` : `line ${line}`);
}

async function check(source, signal) {
  const response = await call("POST", "/v1/rules/check", { body: { script: source }, signal });
  return (await response.json()).problems;
}

function problems(found) {
  const errors = found?.filter((one) => one.severity !== "hint").length ?? 0;
  part("checked").textContent = found === null ? "It could not be checked just now." : !found.length ? "No problems." : `${errors} ${errors === 1 ? "error" : "errors"}, ${found.length - errors} ${found.length - errors === 1 ? "hint" : "hints"}.`;
  if (found === null) return;
  part("problems").replaceChildren(...found.map((one) => element("li", {},
    element("button", { type: "button", class: "line", onclick: () => script.goTo(one.line, one.column) }, `line ${one.line}`),
    " ", badge(one.severity === "hint" ? "hint" : "error"), ` ${one.message}`)));
}

const cases = casesOf(part("cases"), draft, {
  kept: before?.cases ?? null, onChange: () => draft.told(), toLine,
  onCoverage: (lines, missing) => script.setRan(lines, missing),
});

function runCases() {
  open("cases");
  cases.run();
}

const tried = trying(part("try"), {
  place: "try", toLine: toAnyLine,
  ways: [
    ["This draft, in its place in the pipeline", async () => {
      const { rules, ids } = await draft.pipeline();
      return { ids, body: { rules }, note: draft.fields.enabled ? "" : "This rule is disabled, so it does not run in the pipeline. Try it alone, or enable it." };
    }],
    ["This draft alone", async () => ({ ids: [draft.id], body: { rules: [draft.rule] } })],
  ],
  onTried(record, idOf) {
    const step = record.steps.find((one) => idOf(one) === draft.id);
    script.setValues(step ? marksOf(step) : null);
    script.setLine(step?.error?.line ?? null);
  },
});

const impact = impactOf(part("impact"), draft, {
  toLine: toAnyLine,
  onSeen(at, found) {
    seen = [at, found];
    moved = false;
    show();
  },
});

/** Whether this text was looked at, and its impact. */
const looked = () => (seen && !moved && JSON.parse(seen[0])[1] && seen[0] === draft.at(JSON.parse(seen[0])[0]) ? seen[1] : null);

const offers = keeping(draft, { cases, take, failed });

// The way from a change to its deployment.
const buttons = {
  impact: element("button", { type: "button", onclick: () => { open("impact"); impact.run(); } }, "See what would change"),
  deploy: element("button", { type: "button", onclick: deploy }),
  save: element("button", { type: "button", onclick: () => saved(false), title: "Ctrl-S or ⌘-S" }),
};

function show() {
  const changed = draft.differs || cases.differ;
  const waits = !draft.isLive;
  const isNew = draft.id === null;
  const yes = looked();
  part("title").textContent = draft.fields.name || "New rule";
  document.title = `${draft.fields.name || "New rule"} · Claimsmith`;
  part("states").replaceChildren(
    isNew ? badge("not saved") : draft.live ? badge("live") : badge("draft"), " ",
    !isNew && draft.live && waits && !draft.differs ? badge("saved, not live") : "", " ",
    draft.fields.enabled ? "" : badge("disabled"));
  part("said").textContent = changed ? (draft.isKept ? "Your changes are kept in this browser." : "This browser cannot keep your changes: save them before you leave.") : isNew ? "Nothing is saved yet." : waits ? "Saved, and not live yet." : `Live in revision ${draft.revision}, and nothing is changed here.`;

  buttons.impact.hidden = !impact.possible || !waits;
  buttons.impact.className = yes ? "" : "main";
  buttons.deploy.hidden = !allows("rules:deploy") || !mayWrite || !waits;
  buttons.deploy.className = yes ? "main" : impact.possible ? "plain" : "";
  buttons.deploy.textContent = yes ? "Deploy…" : impact.possible ? "Deploy without looking…" : "Deploy…";
  buttons.save.hidden = !mayWrite || !(changed || isNew);
  buttons.save.textContent = draft.differs || isNew ? "Save without deploying" : "Save the cases";
  for (const button of Object.values(buttons)) button.disabled = busy;
  part("history").hidden = isNew;
  if (!isNew) part("history").href = `${home}/rules/${encodeURIComponent(draft.id)}/history`;
}

part("flow").append(buttons.impact, buttons.deploy, buttons.save);
part("lacking").append(...[["rules:write", "Changing a rule"], ["rules:deploy", "Deploying"], ["replay", "Seeing what would change"]]
  .filter(([scope]) => !allows(scope)).map(([scope, what]) => lacking(scope, what)));

let ranScript = draft.fields.script;
draft.listeners.push(() => {
  if (ranScript !== draft.fields.script) {
    ranScript = draft.fields.script;
    cases.stale();
  }
  if (mayWrite) draft.keep(cases.unsaved);
  show();
});

function failed(error) {
  part("failed").replaceChildren(said(error, toLine));
  part("failed").scrollIntoView({ block: "nearest" });
}

/** Save, live with `deploy`, for the reason that `message` gives, and on top of the revision `expected` only, if it is given. Where somebody else was quicker both are shown. Throws what else goes wrong. */
async function put(deploy, message, expected) {
  const isNew = draft.id === null;
  if (!draft.fields.name) {
    form.name.focus();
    throw new Error("Give the rule a name first.");
  }
  if (!cases.areJson()) throw new Error("A case is no JSON: mend it, or remove it.");
  if (isNew || draft.differs || deploy) {
    const place = draft.place;
    let found;
    try {
      found = await save(draft, deploy, message, expected);
    } catch (error) {
      if (error.status === 412) await offers.conflict();
      throw error;
    }
    draft.known(found.rule, found.etag);
    if (isNew) {
      draft.fields.order = draft.saved.order;
      form.show();
      history.replaceState(null, "", `${home}/rules/${encodeURIComponent(draft.id)}`);
      keep(place, null);
    }
  }
  try {
    if (cases.differ) await cases.save(draft.id);
  } catch (error) {
    if (error.status === 412) offers.casesConflict();
    throw error;
  } finally {
    draft.keep(cases.unsaved);
  }
}

async function saved(deploy, message, expected) {
  if (busy || !mayWrite) return;
  busy = true;
  show();
  part("failed").replaceChildren();
  try {
    await put(deploy, message, expected);
    part("offer").replaceChildren();
    if (document.activeElement === document.body) script.focus(); // the button is gone
    notify(deploy ? `Live as revision ${draft.revision}.` : draft.isLive ? "Saved." : "Saved, and not live yet.");
  } catch (error) {
    if (deploy) throw error;
    if (error.status !== 412) failed(error);
  } finally {
    busy = false;
    show();
  }
}

async function deploy() {
  part("failed").replaceChildren();
  const about = looked() ? JSON.parse(seen[0])[0] : null;
  if (about !== null) {
    const { revision } = await get("/v1/rules").catch((error) => { failed(error); return {}; });
    if (revision === undefined) return;
    if (about !== revision) return others();
  }
  await askToDeploy(draft, { impact: looked(), cases, toLine, act: (message) => saved(true, message, about).catch((error) => {
    if (raced(error)) others();
    throw error;
  }) });
}

/** What was looked at does not count any more. */
function others() {
  moved = true;
  show();
  failed(new Error("Other rules have gone live since you looked: look again at what would change, or deploy without."));
}

/** These fields are what is written from now on. It can be undone in the editor. */
function take(fields) {
  draft.fields = structuredClone(fields);
  if (script.value !== fields.script) script.value = fields.script;
  form.show();
  draft.told();
}

function toAnchor() {
  const line = /^#L(\d+)$/.exec(location.hash);
  if (line) script.goTo(Number(line[1]));
}

async function start() {
  show();
  toAnchor();
  addEventListener("hashchange", toAnchor);
  addEventListener("beforeunload", (event) => {
    if (!draft.isKept) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
    if (event.key === "s") {
      event.preventDefault();
      saved(false);
    } else if (event.key === "Enter") {
      if (part("try").hidden) runCases();
      else tried.run();
    }
  });
  if (before && mayWrite && (draft.differs || before.cases)) offers.kept(before.at);
  else offers.aside();
  if (other && mayWrite) await offers.conflict();
  await cases.load(draft.id);
  if (!draft.id) cases.set(pieces(member(work.dataset.rule, "cases")).map((text) => setOut(text)));
  if (before?.cases && mayWrite) cases.set(before.cases);
  cases.ready();
  show();
  script.setWords(await words().catch(() => ({}))); // without them completion is shorter
}

start().catch(failed);

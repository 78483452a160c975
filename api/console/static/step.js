// Step through the lines of a recorded execution, forwards and back.
import { element, get } from "/console/static/console.js";
import { editor } from "/console/static/editor.js";
import { TOKENS, Timeline, parts, spelt } from "/console/static/timeline.js";

const MOST_SHOWN = 400; // characters of a value
const MOST_BESIDE = 80; // of values behind a line

const stepper = document.getElementById("stepper");
const slider = document.getElementById("place");
const said = document.getElementById("step-said");
const source = document.getElementById("source");
const execution = encodeURIComponent(stepper.dataset.execution);

const sources = new Map(); // promises of scripts by rule
let timeline = null;
let shown = null; // the editor with the source of `shownRule`
let shownRule = null;

async function load() {
  try {
    const [told, record] = await Promise.all([
      get(`/v1/executions/${execution}/timeline`), get(`/v1/executions/${execution}`),
    ]);
    begin(new Timeline(told, record));
  } catch (error) {
    said.textContent = "";
    const retry = element("button", { type: "button", onclick: () => { remarks(); said.textContent = "Running it again …"; load(); } }, "Try again");
    const words = error instanceof TypeError ? "The service cannot be reached." : `It cannot be run again: ${error.message}.`;
    remarks(element("div", { class: "error", role: "alert" }, element("p", {}, words), retry));
  }
}

function begin(found) {
  timeline = found;
  const told = found.told;
  said.textContent = told.lines.length ? "" : "No line of a rule ran in this login.";
  remarks(
    told.identical ? null : warning("This is not what ran then: it did not come out the same when it was run again."),
    told.truncated ? warning("There were more lines than can be told: these are the first.") : null,
    ...told.remarks.map((one) => warning(`${one.code.replaceAll("_", " ")}: ${one.text}`)),
  );
  if (!told.lines.length) return;
  slider.max = told.lines.length;
  stepper.hidden = false;
  const wanted = Number(new URLSearchParams(location.hash.slice(1)).get("at") ?? 0);
  to(Number.isInteger(wanted) ? Math.min(Math.max(wanted, 0), told.lines.length) : 0);
}

const warning = (text) => element("div", { class: "warning" }, element("p", {}, text));

function remarks(...made) {
  document.getElementById("step-remarks").replaceChildren(...made.filter(Boolean));
}

function to(place) {
  slider.value = place;
  const end = timeline.lines.length;
  const line = place < end ? timeline.lines[place] : null;
  slider.setAttribute("aria-valuetext", line ? `${line.rule} line ${line.line}: ${(line.source ?? "").trim()}` : "the end");
  document.getElementById("count").textContent = line ? `${place + 1} of ${end}` : `the end, after ${end} lines`;
  history.replaceState(history.state, "", `#at=${place}`);
  showWhere(line);
  showSource(place, line);
  showDoes(place, line);
  showVariables(place, line);
  showClaims(place);
  const targets = { "write-before": timeline.written(place, -1), "write-next": timeline.written(place, 1),
    before: place > 0 ? place - 1 : null, next: place < end ? place + 1 : null,
    "rule-before": timeline.rule(place, -1), "rule-next": timeline.rule(place, 1) };
  for (const button of stepper.querySelectorAll("button[data-go]")) {
    // Not `disabled`: that would take the focus away from whoever presses it again and again.
    const target = targets[button.dataset.go];
    button.setAttribute("aria-disabled", String(target === null));
    button.dataset.to = target ?? "";
  }
}

function showWhere(line) {
  const where = document.getElementById("where");
  if (!line) return where.replaceChildren("The end");
  const step = timeline.record.steps.find((one) => one.rule === line.rule);
  const text = `${line.rule} line ${line.line}`;
  const home = location.pathname.split("/").slice(0, 4).join("/");
  const link = step && stepper.dataset.sources
    ? element("a", { href: `${home}/rules/${encodeURIComponent(step.rule_id)}/versions/${line.version}#L${line.line}` }, text) : text;
  const inside = line.function === "<module>" ? "" : ` in ${line.function}`;
  where.replaceChildren(link, element("span", { class: "quiet" }, ` version ${line.version}${inside}${line.depth > 1 ? `, ${line.depth} calls deep` : ""}`));
}

async function showSource(place, line) {
  if (line && shownRule !== line.rule) {
    shownRule = line.rule;
    shown?.destroy();
    shown = null;
    source.replaceChildren();
    if (!sources.has(line.rule)) sources.set(line.rule, script(line.rule));
    const text = (await sources.get(line.rule)) ?? ranOnly(line.rule);
    if (shownRule !== line.rule || shown) return;
    const host = element("div");
    source.replaceChildren(host);
    shown = editor(host, { doc: text, label: `Source of the rule ${line.rule}`, readOnly: true });
    shown.setRan([...timeline.ran(line.rule).keys()], []);
    [place, line] = [Number(slider.value), timeline.lines[slider.value]];
  }
  shown?.setLine(line?.rule === shownRule ? line.line : null);
  const beside = line?.rule === shownRule ? timeline.beside(place) : new Map();
  shown?.setValues([...beside].map(([number, values]) => ({ line: number, text: cut(values, MOST_BESIDE) })));
}

/** The source of the version that ran; null where the caller may not read it, or it is gone. */
async function script(rule) {
  const step = timeline.record.steps.find((one) => one.rule === rule);
  if (!step || !stepper.dataset.sources) return null;
  try {
    const found = await get(`/v1/rules/${encodeURIComponent(step.rule_id)}/versions/${step.version}`);
    return found.script;
  } catch {
    return null;
  }
}

/** The lines of a rule that ran, each in its place. */
function ranOnly(rule) {
  const ran = timeline.ran(rule);
  return Array.from({ length: Math.max(...ran.keys()) }, (_, place) => ran.get(place + 1) ?? "").join("\n");
}

function showDoes(place, line) {
  const made = [];
  if (line) {
    for (const write of timeline.writes[place]) {
      made.push(element("p", {}, "writes ", element("code", {}, spelt(write.path)), " ", change(write),
        write.rolled_back ? " (undone: the rule fails later)" : ""));
    }
    for (const [name, value] of Object.entries(line.changed)) made.push(element("p", {}, "sets ", element("code", {}, name), " to ", code(value)));
    if (line.returned != null) made.push(element("p", {}, "returns ", code(line.returned)));
    if (line.raised != null) made.push(element("p", {}, "raises ", code(line.raised)));
    if (!made.length) made.push(element("p", { class: "quiet" }, "changes nothing"));
    made.unshift(element("h3", {}, "This line"));
  } else {
    const denial = timeline.record.denial;
    made.push(element("h3", {}, "Decided"), element("p", {}, denial ? `${timeline.record.decision}: ${denial.description}` : timeline.record.decision));
  }
  document.getElementById("does").replaceChildren(...made);
}

function showVariables(place, line) {
  const into = document.getElementById("variables");
  if (!line) return into.replaceChildren(element("dt", {}, "none"), element("dd", {}, ""));
  const known = new Map([...timeline.variables(place), ...Object.entries(line.values)]);
  const rows = [...known].flatMap(([name, value]) => [
    element("dt", {}, name), element("dd", { class: Object.hasOwn(line.changed, name) ? "fresh" : null }, code(value)),
  ]);
  into.replaceChildren(...(rows.length ? rows : [element("dt", {}, "none yet"), element("dd", {}, "")]));
}

function showClaims(place) {
  const made = [];
  for (const [token, name] of Object.entries(TOKENS)) {
    const now = Object.entries(timeline.claims(place, token));
    const rows = now.map(([claim, value]) => element("tr", { class: touches(place, token, claim) ? "fresh" : null },
      element("td", {}, element("code", {}, claim), code(JSON.stringify(value)))));
    const coming = place < timeline.lines.length ? timeline.writes[place] : [];
    for (const write of coming) {
      const path = parts(write.path);
      if (path[0] !== "context" || path[1] !== token || now.some(([claim]) => claim === path[2]) || path.length < 3) continue;
      rows.push(element("tr", { class: "fresh" }, element("td", {}, element("code", {}, path[2]), element("span", {}, "this line sets it"))));
    }
    if (rows.length) made.push(element("table", {}, element("caption", {}, name), element("tbody", {}, ...rows)));
    else made.push(element("p", { class: "quiet" }, `None for the ${name}.`));
  }
  document.getElementById("claims-now").replaceChildren(...made);
}

function touches(place, token, claim) {
  if (place >= timeline.lines.length) return false;
  return timeline.writes[place].some((write) => {
    const path = parts(write.path);
    return path[0] === "context" && path[1] === token && (path.length === 2 || path[2] === claim);
  });
}

function change(write) {
  const was = write.op === "add" ? element("span", { class: "quiet" }, "nothing") : element("code", { class: "removed" }, cut(JSON.stringify(write.old)));
  const is = write.op === "remove" ? element("span", { class: "quiet" }, "nothing") : element("code", { class: "added" }, cut(JSON.stringify(write.new)));
  return element("span", { class: "change" }, was, " → ", is);
}

const code = (text) => element("code", {}, cut(text));
const cut = (text, most = MOST_SHOWN) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

slider.addEventListener("input", () => to(Number(slider.value)));
stepper.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button[data-go]") : null;
  if (button?.dataset.to) to(Number(button.dataset.to));
});
load();

// The cases beside a rule: run against what is in the editor, written as JSON, saved with the rule.
import { call, element } from "/console/static/console.js";
import { address, allows } from "/console/static/draft.js";
import { json } from "/console/static/editor.js";
import { recorded } from "/console/static/logins.js";
import { asJson, member, pieces, setOut } from "/console/static/raw.js";
import { badge, count, lacking, milliseconds, said, short } from "/console/static/said.js";

const MOST = 100; // that one call runs
const BLANK = '{"name": "what it is about", "user": {"user_id": "u1"}, "context": {}, "expect": {"decision": "allow"}}';

/**
 * Fills `panel`. `onChange()` hears of each change, `onCoverage(lines, missing)` which lines ran, `toLine(line)` leads to a
 * line. Call `load(rule)` once, with the id of a rule or the cases of a template, then `ready()`: what is asked for before
 * waits until then. `kept` is what of them this browser has kept, or null.
 */
export function casesOf(panel, draft, { kept, onChange, onCoverage, toLine }) {
  // Each is `text`, as it is written, or what somebody is typing; `result` is of exactly this text and this script.
  let all = [];
  let saved = [];
  let etag = null;
  let going = null;
  let isReady = false;
  let begin;
  const readiness = new Promise((resolve) => { begin = resolve; });

  const list = element("ol", { class: "cases" });
  const state = element("p", { role: "status" });
  const coverage = element("p", { class: "quiet" });
  const problems = element("div", {});
  const runs = element("button", { type: "button", onclick: run, title: "Ctrl-Enter or ⌘-Enter", hidden: !allows("rules:write") }, "Run all cases");
  const adds = element("button", { type: "button", class: "plain", onclick: () => readiness.then(() => add(setOut(BLANK))), hidden: !allows("rules:write") }, "Add a case");
  const logins = allows("replay")
    ? recorded("Make a case", made)
    : lacking("replay", "Making a case of a recorded login");
  const ofLogin = element("details", { hidden: !allows("rules:write") }, element("summary", {}, "Make a case of a recorded login"),
    element("p", { class: "quiet" }, "The login has to be one in which this rule ran. What is hidden in its record is *** in the case; put made-up people in before you save it, since whoever reads rules reads cases."), logins);
  ofLogin.addEventListener("toggle", () => ofLogin.open && logins.find?.());
  panel.replaceChildren(element("div", { class: "buttons" }, runs, adds), state, coverage, problems, list, ofLogin,
    allows("rules:write") ? "" : lacking("rules:write", "Running or changing cases"));

  function show() {
    list.replaceChildren(...all.map(shown));
    said_();
  }

  function said_() {
    const results = all.map((one) => one.result).filter(Boolean);
    const failed = results.filter((one) => !one.passed).length;
    state.textContent = !all.length ? "There are no cases yet. A case is a login and what has to come of it: it says at once when a change breaks something."
      : !results.length ? `${count(all.length, "case")}, not run yet.`
      : failed ? `${count(failed, "case")} of ${all.length} failed.`
      : results.length < all.length ? `${results.length} of ${all.length} cases passed, the others were not run.` : `All ${count(all.length, "case")} passed.`;
    runs.disabled = !all.length;
  }

  function shown(one) {
    const name = element("span", { class: "name" }, nameOf(one.text));
    const mark = element("span", {}, one.result ? badge(one.result.passed ? "passed" : "failed") : element("span", { class: "badge" }, "not run"));
    const field = element("div", { class: "json-field" });
    const found = element("div", {}, one.result ? differences(one.result) : "");
    const wrong = element("div", {});
    const entry = element("details", { open: Boolean(one.open) }, element("summary", {}, mark, " ", name, " ", element("span", { class: "quiet" }, one.result ? milliseconds(one.result.ms) : "")), found, wrong, field,
      allows("rules:write") ? element("div", { class: "buttons" }, element("button", { type: "button", class: "plain", onclick: remove }, "Remove this case")) : null);
    let editor = null;

    function write() {
      editor ??= json(field, {
        doc: one.text, label: `The case ${nameOf(one.text)} as JSON`, readOnly: !allows("rules:write"), onRun: run,
        onChange: (text) => {
          one.text = text;
          one.result = null;
          mark.replaceChildren(element("span", { class: "badge" }, "not run"));
          name.textContent = nameOf(text);
          found.replaceChildren();
          wrong.replaceChildren();
          said_();
          onChange();
        },
      });
    }

    function remove() {
      all = all.filter((other) => other !== one);
      show();
      onChange();
    }

    entry.addEventListener("toggle", () => {
      one.open = entry.open;
      if (entry.open) write();
    });
    if (one.open) write();
    one.say = (error) => {
      entry.open = true;
      wrong.replaceChildren(said(error));
    };
    return element("li", {}, entry);
  }

  function differences({ passed, differences: found, execution }) {
    if (passed) return "";
    const failed = execution.steps.find((step) => step.error);
    return element("div", {},
      failed ? element("p", { class: "bad" }, failed.error.line ? toLine(failed.error.line) : "", " ", failed.error.message) : null,
      element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "What is not as expected" },
        element("table", {}, element("thead", {}, element("tr", {}, ...["Part", "Expected", "Found"].map((text) => element("th", { scope: "col" }, text)))),
          element("tbody", {}, ...found.map((one) => element("tr", {}, element("th", { scope: "row" }, one.part),
            element("td", {}, "expected" in one ? element("code", { class: "removed" }, short(one.expected)) : "not expected"),
            element("td", {}, "found" in one ? element("code", { class: "added" }, short(one.found)) : "not there")))))));
  }

  function add(text) {
    all.push({ text, result: null, open: true });
    show();
    list.lastElementChild.scrollIntoView({ block: "nearest" });
    onChange();
  }

  async function made(execution) {
    const name = draft.live?.name ?? draft.fields.name;
    try {
      await readiness;
      const text = await (await call("GET", `${address("executions", execution.execution_id, "case")}?rule=${encodeURIComponent(name)}`)).text();
      problems.replaceChildren();
      for (const one of pieces(member(text, "cases"))) add(setOut(one));
    } catch (error) {
      problems.replaceChildren(said(error));
    }
  }

  /** Whether all are JSON; those that are not say so. */
  function areJson() {
    let good = true;
    for (const one of all) {
      try {
        JSON.parse(one.text);
      } catch (error) {
        good = false;
        one.say(new SyntaxError(`This is no JSON: ${error.message}`));
      }
    }
    return good;
  }

  async function run() {
    await readiness;
    if (!all.length || !allows("rules:write") || !areJson()) return;
    going?.abort();
    going = new AbortController();
    const { signal } = going;
    const now = [...all];
    const { script } = draft.fields;
    state.textContent = "Running…";
    problems.replaceChildren();
    const [lines, missing] = [new Set(), []];
    try {
      for (let start = 0; start < now.length; start += MOST) {
        const some = now.slice(start, start + MOST);
        const texts = some.map((one) => one.text);
        const text = `{"script":${JSON.stringify(script)},"name":${JSON.stringify(draft.rule.name)},"coverage":true,"cases":[${texts.join(",")}]}`;
        const answer = await (await call("POST", "/v1/cases/run", { body: asJson(text), signal })).json();
        answer.results.forEach((result, place) => { if (some[place].text === texts[place]) some[place].result = result; });
        for (const line of answer.coverage.lines) lines.add(line);
        missing.push(new Set(answer.coverage.missing));
      }
    } catch (error) {
      if (signal.aborted) return;
      show();
      problems.replaceChildren(said(error, toLine));
      return;
    }
    if (script !== draft.fields.script) for (const one of now) one.result = null;
    for (const one of all) if (one.result && !one.result.passed) one.open = true;
    show();
    const never = [...lines].filter((line) => missing.every((those) => those.has(line))).sort((one, other) => one - other);
    if (script === draft.fields.script) onCoverage([...lines].filter((line) => !never.includes(line)), never);
    coverage.replaceChildren(...(never.length ? ["No case runs ", ...never.slice(0, 20).flatMap((line, place) => [place ? ", " : "", toLine(line)]), never.length > 20 ? ` and ${never.length - 20} more lines` : "", "."] : ["The cases run every line."]));
  }

  return {
    run,
    add,
    ready() {
      isReady = true;
      begin();
    },
    get differ() {
      return JSON.stringify(all.map((one) => one.text)) !== JSON.stringify(saved);
    },
    get texts() {
      return all.map((one) => one.text);
    },
    /** The texts of them, where they are not as they are saved; else null. */
    get unsaved() {
      if (!isReady) return kept;
      return this.differ ? this.texts : null;
    },
    /** How the last run ended: null where there was none of exactly this. */
    get failed() {
      return all.every((one) => one.result) ? all.filter((one) => !one.result.passed).length : null;
    },
    get number() {
      return all.length;
    },
    areJson,
    /** The script is another: what came out was of the one before. */
    stale() {
      if (!all.some((one) => one.result)) return;
      for (const one of all) one.result = null;
      coverage.replaceChildren();
      show();
    },
    set(texts) {
      all = texts.map((text) => ({ text, result: null, open: false }));
      show();
    },
    async load(rule) {
      if (!rule) return show();
      const response = await call("GET", address("rules", rule, "cases"));
      saved = pieces(member(await response.text(), "cases")).map((text) => setOut(text));
      etag = response.headers.get("etag");
      this.set(saved);
    },
    /** Throws `Refused` 412 where somebody else has changed them, unless `over`. */
    async save(rule, over = false) {
      const texts = this.texts;
      const text = texts.length ? `{\n"cases": [\n${texts.join(",\n")}\n]}\n` : '{"cases": []}';
      const headers = over || !etag ? {} : { "If-Match": etag };
      const response = await call("PUT", address("rules", rule, "cases"), { body: asJson(text), headers });
      etag = response.headers.get("etag");
      saved = texts;
    },
  };
}

function nameOf(text) {
  try {
    return String(JSON.parse(text).name ?? "without a name");
  } catch {
    return "no JSON yet";
  }
}

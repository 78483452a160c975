// What recorded logins would have been under this draft.
import { call, element, get, lines } from "/console/static/console.js";
import { address, allows } from "/console/static/draft.js";
import { diff } from "/console/static/editor.js";
import { outcome } from "/console/static/outcome.js";
import { count, lacking, milliseconds, said, short } from "/console/static/said.js";

const SINCE = { "1h": "the last hour", "24h": "the last 24 hours", "7d": "the last 7 days", "30d": "the last 30 days" };
// What became of a login, in words, and how that is marked.
const KINDS = {
  denied: ["Newly denied", "bad"], failed: ["A rule newly fails", "bad"], allowed: ["Newly allowed", "warn"],
  otherwise: ["Decided otherwise", "warn"], changed: ["Tokens that change", "warn"], not_reproducible: ["Not fully recorded", ""],
};
const GROUPS = { claims: "Claim", rules: "Rule", clients: "Client" };
const BROKEN = "The service has broken off the analysis. Try again in a moment.";
const MOST = 20; // rows of one table

/**
 * Fills `panel`. `onSeen(at, impact)` hears what was looked at (`Draft.at`) and what came out; `toLine(id, rule, line)`
 * makes what leads to a line.
 */
export function impactOf(panel, draft, { onSeen, toLine }) {
  const missing = ["replay", "rules:write", "rules:read"].find((scope) => !allows(scope));
  if (missing) {
    panel.replaceChildren(lacking(missing, "Seeing what would change"));
    return { run: () => {}, possible: false };
  }
  const since = element("select", {}, ...Object.entries(SINCE).map(([value, text]) => element("option", { value, selected: value === "24h" }, text)));
  const client = element("input", { type: "search", autocomplete: "off", placeholder: "every client" });
  const starts = element("button", { type: "button", onclick: run }, "Look");
  const cancels = element("button", { type: "button", hidden: true, onclick: () => going?.abort() }, "Cancel");
  const bar = element("progress", { max: 1, value: 0, "aria-label": "Logins that were run again", hidden: true });
  const state = element("p", { role: "status" }, "Recorded logins are run again under the pipeline with this draft in its place. Nothing is changed, and nothing is recorded.");
  const result = element("div", {});
  let going = null;
  panel.replaceChildren(element("div", { class: "filters" }, element("label", {}, "Logins of", since), element("label", {}, "Client", client), starts, cancels), bar, state, result,
    element("p", { class: "quiet" }, "Calls are answered as they were then, and nothing goes outside. The draft reads ", element("code", {}, "<value of NAME>"), " in the place of the configuration's values."));

  async function run() {
    going?.abort();
    going = new AbortController();
    const { signal } = going;
    const named = SINCE[since.value];
    result.replaceChildren();
    bar.hidden = cancels.hidden = false;
    bar.removeAttribute("value");
    state.textContent = "Looking for recorded logins…";
    try {
      const { revision, rules, ids } = await draft.pipeline();
      const at = draft.at(revision);
      const body = { since: since.value, rules };
      if (client.value.trim()) body.filter = { client: client.value.trim() };
      const impact = await asked(body, signal);
      onSeen(at, impact);
      state.textContent = summary(impact, named);
      result.replaceChildren(...tables(impact, { rules, ids }));
    } catch (error) {
      if (going.signal !== signal) return; // another one has begun
      state.textContent = signal.aborted ? "Cancelled. Nothing came out." : "";
      if (!signal.aborted) result.replaceChildren(said(error, (line) => toLine(draft.id, "", line)));
    }
    bar.hidden = cancels.hidden = true;
  }

  async function asked(body, signal) {
    for await (const line of lines(await call("POST", "/v1/impact", { body, signal }))) {
      if (line.error) throw new Error(line.error === "too_many_requests" ? "Another analysis of this tenant is going on. Wait until it has ended." : BROKEN);
      if (line.impact) return line.impact;
      bar.max = Math.max(line.of, 1);
      bar.value = line.replayed;
      state.textContent = `${line.replayed.toLocaleString("en")} of ${count(line.of, "login")}`;
    }
    throw new Error(BROKEN);
  }

  function tables(impact, pipeline) {
    const kinds = Object.entries(KINDS).filter(([name]) => impact[name].count).map(([name, [text, mark]]) => [element("span", { class: mark ? `badge ${mark}` : "" }, text), impact[name]]);
    const made = kinds.length ? [table("Logins", kinds, pipeline)] : [];
    for (const [name, noun] of Object.entries(GROUPS)) {
      const rows = Object.entries(impact[name]).sort(([, one], [, other]) => other.count - one.count);
      if (rows.length) made.push(table(noun, rows.slice(0, MOST).map(([of, group]) => [of || "(none)", group]), pipeline));
      if (rows.length > MOST) made.push(element("p", { class: "quiet" }, `and ${rows.length - MOST} more`));
    }
    return made;
  }

  function table(noun, rows, pipeline) {
    const body = element("tbody", {});
    const opened = element("section", { class: "opened", "aria-label": `An example, by ${noun.toLowerCase()}`, hidden: true });
    for (const [what, group] of rows) {
      const examples = group.examples.map((id, place) => element("button", { type: "button", class: "plain example", "aria-label": `Example ${place + 1}: ${id}`, title: id, onclick: () => example(opened, id, pipeline) }, String(place + 1)));
      body.append(element("tr", {}, element("th", { scope: "row" }, what), element("td", { class: "number" }, group.count.toLocaleString("en")), element("td", { class: "examples" }, ...examples)));
    }
    return element("div", {}, element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `What would change, by ${noun.toLowerCase()}` },
      element("table", {}, element("thead", {}, element("tr", {}, element("th", { scope: "col" }, noun), element("th", { scope: "col", class: "number" }, "How many"), element("th", { scope: "col" }, "For example"))), body)), opened);
  }

  async function example(place, id, { rules, ids }) {
    const close = () => { place.hidden = true; };
    place.hidden = false;
    place.replaceChildren(element("p", { class: "quiet" }, "Running it again…"));
    try {
      const [replay, record] = await Promise.all([
        call("POST", address("executions", id, "replay"), { body: { rules } }).then((response) => response.json()),
        allows("executions:read") ? get(address("executions", id)) : null,
      ]);
      const idOf = (step) => (/^draft-\d+$/.test(step.rule_id) ? ids[Number(step.rule_id.slice(6)) - 1] : step.rule_id);
      const compared = element("div", { class: "compared" });
      const shows = [
        element("div", { class: "heading" }, element("h3", {}, "Login ", element("code", {}, id)), element("span", { class: "spring" }),
          element("a", { href: `../executions/${encodeURIComponent(id)}` }, "Its record"), element("button", { type: "button", onclick: close }, "Close")),
        ...replay.remarks.map((one) => element("p", { class: "warning" }, one.text)),
        element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Differences" }, element("table", {}, element("thead", {}, element("tr", {}, ...["What", "Then", "Now"].map((text) => element("th", { scope: "col" }, text)))),
          element("tbody", {}, ...replay.differences.map((one) => element("tr", {}, element("th", { scope: "row" }, one.name ? `${one.part} ${one.name}` : one.part),
            element("td", {}, one.was_present ? element("code", { class: "removed" }, short(one.old)) : "not there"),
            element("td", {}, one.is_present ? element("code", { class: "added" }, short(one.new)) : "not there")))))),
        record ? compared : lacking("executions:read", "Comparing the whole records"),
        element("details", {}, element("summary", {}, "What the draft does in this login, rule by rule"), outcome(replay.execution, (step, line, isNamed) => toLine(idOf(step), isNamed ? "" : step.rule, line))),
      ];
      place.replaceChildren(...shows);
      if (record) diff(compared, { before: told(record), after: told(replay.execution), label: "The execution then and now" });
    } catch (error) {
      place.replaceChildren(said(error), element("button", { type: "button", onclick: close }, "Close"));
    }
  }

  return { run, possible: true };
}

/** What of an execution its caller sees, and what each rule did, as a text. */
function told({ decision, denial, redirect, multifactor, idToken, accessToken, updates, warnings, steps }) {
  const done = steps.map(({ rule, outcome, logs, error }) => ({ rule, outcome, says: logs.map((log) => log.text), error: error?.message }));
  return JSON.stringify({ decision, denial, redirect, multifactor, idToken, accessToken, updates, warnings: warnings.map((one) => one.message), rules: done }, null, 2);
}

function summary(impact, named) {
  const { replayed, left_out, unreadable } = impact;
  if (!replayed && !left_out && !unreadable) return `Nothing was recorded in ${named} that this could be compared with. Try it with a login of your own before you deploy.`;
  const more = [left_out ? `${count(left_out, "login")} left out, for which there was no worker` : "", unreadable ? `${count(unreadable, "login")} left out, whose records cannot be opened` : "", impact.not_reproducible.count ? `${count(impact.not_reproducible.count, "login")} not fully recorded` : ""].filter(Boolean).join("; ");
  const times = `The rules took ${milliseconds(impact.p95_before)} then, and ${milliseconds(impact.p95_after)} now (in 95 of 100 logins not more).`;
  const changed = replayed - impact.unchanged;
  const said = impact.would_change ? `${changed.toLocaleString("en")} of ${count(replayed, "login")} of ${named} would have been otherwise.` : `Nothing changes: all ${count(replayed, "login")} of ${named} would have been the same.`;
  return [said, more && `${more}.`, times].filter(Boolean).join(" ");
}

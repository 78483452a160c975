// What rules have made of one login, as a record tells it.
import { element } from "/console/static/console.js";
import { badge, milliseconds, short } from "/console/static/said.js";

const TOKENS = { idToken: "ID token", accessToken: "Access token" };
const OPS = { add: "set", replace: "changed", remove: "removed" };

const unescaped = (part) => part.replaceAll("~1", "/").replaceAll("~0", "~");

/** A place in `user` or `context` (RFC 6901), as a rule would write it. */
export function written(path) {
  const [root, ...rest] = path.split("/").slice(1).map(unescaped);
  return root + rest.map((part) => (/^[A-Za-z_]\w*$/.test(part) ? `.${part}` : `[${/^\d+$/.test(part) ? part : JSON.stringify(part)}]`)).join("");
}

/**
 * The execution, set out. `toLine(step, line, isNamed)` makes what leads to a line of a rule, which is named there
 * already or not.
 * @returns {HTMLElement}
 */
export function outcome(record, toLine) {
  const made = element("div", { class: "outcome" },
    element("p", { class: "decided" }, badge(record.decision), " ", element("span", { class: "quiet" }, `in ${milliseconds(record.ms)}`)));
  if (record.denial) {
    const { error, description, rule } = record.denial;
    made.append(element("p", {}, element("strong", {}, description), ` (${error}${rule ? `, by the rule ${rule}` : ""})`));
  }
  for (const [name, title] of [["redirect", "Sent to"], ["multifactor", "Second factor asked for"], ["scope", "Scope"]])
    if (record[name] != null) made.append(element("p", {}, `${title}: `, element("code", {}, short(record[name]))));
  if (record.warnings.length) made.append(notices(record, toLine));
  for (const token of Object.keys(TOKENS)) made.append(...claims(record, token, toLine));
  for (const [store, patch] of Object.entries(record.updates ?? {}))
    if (patch != null) made.append(element("p", {}, `The issuer is asked to change ${store}: `, element("code", {}, short(patch))));
  made.append(element("h3", {}, "Rule by rule"));
  made.append(record.steps.length ? element("ol", { class: "steps" }, ...record.steps.map((one) => step(one, toLine))) : element("p", { class: "quiet" }, "No rule ran."));
  return made;
}

function notices(record, toLine) {
  const rows = record.warnings.map((one) => {
    const by = record.steps.find((step) => step.rule === one.rule);
    return element("li", {}, by && one.line ? toLine(by, one.line) : "", by && one.line ? " " : "", one.message, " ", element("code", { class: "quiet" }, one.code));
  });
  return element("div", { class: "warning" }, element("p", {}, record.warnings.length === 1 ? "A warning" : `${record.warnings.length} warnings`), element("ul", { class: "problems" }, ...rows));
}

function claims(record, token, toLine) {
  const before = record.transaction.context?.[token] ?? {};
  const after = record[token];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after ?? {})])];
  const heading = element("h3", {}, TOKENS[token]);
  if (after === null) return [heading, element("p", { class: "quiet" }, "There is no token: only what is allowed gets one.")];
  if (!names.length) return [heading, element("p", { class: "quiet" }, "No claims came in, and no rule has set one.")];
  const rows = names.map((name) => {
    const [was, is] = [before[name], after[name]];
    const kind = was === undefined ? "added" : is === undefined ? "removed" : "";
    const [by, line] = setter(record, token, name);
    return element("tr", {},
      element("th", { scope: "row" }, name), element("td", {}, element("code", {}, short(was))),
      element("td", {}, element("code", { class: kind === "removed" ? "" : kind }, is === undefined ? "removed" : short(is))),
      element("td", {}, by ? toLine(by, line) : ""));
  });
  return [heading, element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Claims of the ${TOKENS[token]}` },
    element("table", {}, element("thead", {}, element("tr", {}, ...["Claim", "Before", "After", "Set by"].map((text) => element("th", { scope: "col" }, text)))), element("tbody", {}, ...rows)))];
}

/** The step and line that touched a claim last. */
function setter(record, token, name) {
  const place = `/context/${token}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  for (const step of record.steps.toReversed())
    for (const write of step.writes.toReversed())
      if (!write.rolled_back && (write.path === place || write.path.startsWith(`${place}/`))) return [step, write.line];
  return [null, null];
}

function step(one, toLine) {
  const rows = [
    ...one.writes.map((write) => [write.line, "", element("span", { class: write.rolled_back ? "undone" : "" }, `${OPS[write.op]} `, element("code", {}, written(write.path)),
      ...(write.op === "remove" ? [] : [" = ", element("code", {}, short(write.new))]), write.rolled_back ? " (undone: the rule failed)" : "")]),
    ...one.logs.map((log) => [log.line, "log", element("span", {}, "says ", element("q", {}, log.text))]),
    ...one.calls.map((call) => [call.line, "call", element("span", {}, `asked by ${call.kind}: `, element("code", {}, short(call.request)), " got ", element("code", {}, short(call.answer)))]),
  ].sort(([line], [other]) => line - other);
  const errors = one.error ? [element("li", { class: "bad" }, one.error.line ? toLine(one, one.error.line, true) : "", one.error.line ? " " : "", element("strong", {}, one.error.message), " ", element("code", { class: "quiet" }, one.error.code))] : [];
  return element("li", {},
    element("p", {}, element("strong", {}, one.rule), " ", badge(one.outcome), " ", element("span", { class: "quiet" }, one.outcome === "skipped" ? "" : milliseconds(one.ms))),
    one.reason ? element("p", { class: "quiet" }, one.reason) : null,
    rows.length || errors.length ? element("ul", { class: "events" }, ...rows.map(([line, kind, what]) => element("li", { class: kind }, toLine(one, line, true), " ", what)), ...errors) : null);
}

/** What happened at each line of one step, as texts that can stand behind the line. */
export function marksOf(step) {
  const texts = new Map();
  const note = (line, text) => line && texts.set(line, [...(texts.get(line) ?? []), text]);
  for (const write of step.writes) note(write.line, `${write.rolled_back ? "undone: " : ""}${write.op === "remove" ? "removed" : short(write.new, 80)}`);
  for (const log of step.logs) note(log.line, `says ${short(log.text, 80)}`);
  if (step.error) note(step.error.line, step.error.message);
  return [...texts].map(([line, found]) => ({ line, text: found.length > 3 ? `${found.slice(0, 3).join(" · ")} · and ${found.length - 3} more` : found.join(" · ") }));
}

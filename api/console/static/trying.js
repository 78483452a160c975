// One login, and what rules make of it.
import { call, element } from "/console/static/console.js";
import { allows } from "/console/static/draft.js";
import { login } from "/console/static/logins.js";
import { outcome } from "/console/static/outcome.js";
import { asJson, object } from "/console/static/raw.js";
import { lacking, said } from "/console/static/said.js";

/**
 * Fills `panel`. `ways` are the choices of what runs: `[label, about]`, `about()` giving (in time) the members of
 * `/v1/try` that say so, and `ids` of the rules that are sent. `toLine(id, rule, line)` makes what leads to a line (without
 * a name where `rule` is empty);
 * `onTried(record, ids)` hears what came out.
 */
export function trying(panel, { ways, place, toLine, onTried, more }) {
  if (!allows("rules:write")) {
    panel.replaceChildren(lacking("rules:write", "Trying"));
    return { run: () => {} };
  }
  const choice = ways.map(([label], number) => element("label", { class: "inline" },
    element("input", { type: "radio", name: "what-runs", value: number, checked: number === 0 }), label));
  const result = element("div", { "aria-live": "polite" });
  const button = element("button", { type: "button", onclick: run, title: "Ctrl-Enter in the login" }, "Try it");
  const given = login(place, run);
  let going = null;

  async function run() {
    going?.abort();
    going = new AbortController();
    const { signal } = going;
    const [, about] = ways[Number(panel.querySelector("[name=what-runs]:checked").value)];
    result.replaceChildren(element("p", { class: "quiet" }, "Running…"));
    try {
      const { ids, note, body } = await about();
      const members = [...given.members(), ...Object.entries(body).map(([name, value]) => [name, JSON.stringify(value)])];
      const response = await call("POST", "/v1/try", { body: asJson(object(members)), signal });
      const record = await response.json();
      // A draft's `rule_id` counts from 1; what is stored has its own.
      const idOf = (step) => (/^draft-\d+$/.test(step.rule_id) ? ids[Number(step.rule_id.slice(6)) - 1] : step.rule_id);
      result.replaceChildren(note ? element("p", { class: "warning" }, note) : "", outcome(record, (step, line, isNamed) => toLine(idOf(step), isNamed ? "" : step.rule, line)));
      onTried?.(record, idOf);
    } catch (error) {
      if (signal.aborted) return;
      result.replaceChildren(said(error, (line) => toLine(undefined, "", line)));
    }
  }

  panel.replaceChildren(element("div", {},
    element("fieldset", { class: "ways" }, element("legend", {}, "What runs"), ...choice),
    more ?? "",
    allows("configuration:use") ? "" : element("p", { class: "quiet" }, "Rules read ", element("code", {}, "<value of NAME>"), " in the place of the configuration's values: your token does not have the scope ", element("code", {}, "configuration:use"), "."),
    given.element, element("div", { class: "buttons" }, button)),
    element("section", { "aria-labelledby": "came-out" }, element("h2", { id: "came-out", class: "for-readers" }, "What came out"), result));
  return { run, take: given.take };
}

// Saving and deploying a draft.
import { call, element } from "/console/static/console.js";
import { address, allows } from "/console/static/draft.js";
import { diff } from "/console/static/editor.js";
import { count, said, short } from "/console/static/said.js";

const FIELDS = { name: "Name", order: "Order", enabled: "Enabled", on_failure: "When it fails", conditions: "Runs only for", script: "Script" };

/** Save what differs, live at once with `deploy`, which the revision then gives `message` as the reason for; with `expected` on top of that revision only. Answers with the rule and its ETag; throws as `call` does. */
export async function save(draft, deploy, message = "", expected = null) {
  const { fields } = draft;
  const given = fields.order === null ? (({ order, ...others }) => others)(fields) : fields;
  if (draft.id === null) return answered(await call("POST", "/v1/rules", { body: { ...given, deploy, message, expected } }));
  const body = { deploy, message, expected };
  for (const name of draft.changes(draft.saved)) if (name in given) body[name] = fields[name];
  return answered(await call("PATCH", address("rules", draft.id), { body, headers: { "If-Match": draft.etag } }));
}

/** Whether something else has gone live meanwhile. */
export const raced = (error) => error.status === 409 && error.problems.some((one) => one.code === "revision_race");

const answered = async (response) => ({ rule: await response.json(), etag: response.headers.get("etag") });

/** The fields that are others, but the script, each with both values. */
export function fieldTable(before, after, [was, is]) {
  const rows = Object.keys(FIELDS).filter((name) => name !== "script" && JSON.stringify(before?.[name]) !== JSON.stringify(after[name]));
  if (!before || !rows.length) return null;
  return element("table", {}, element("thead", {}, element("tr", {}, ...["Field", was, is].map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, ...rows.map((name) => element("tr", {}, element("th", { scope: "row" }, FIELDS[name]),
      element("td", {}, element("code", {}, short(before[name]))), element("td", {}, element("code", {}, short(after[name])))))));
}

/** Two versions of a rule, one beside the other. */
export function difference(before, after, names) {
  const place = element("div", { class: "compared" });
  if (before?.script === after.script) place.append(element("p", { class: "quiet" }, "The script is the same."));
  const made = element("div", {}, fieldTable(before, after, names), place);
  // It measures the room that it has, so it has to stand in the page first.
  if (before?.script !== after.script) requestAnimationFrame(() => diff(place, { before: before?.script ?? "", after: after.script, label: `${names[0]} and ${names[1]}` }));
  return made;
}

/**
 * Asks once more, with all that is known of the change, then `act(message)`, which throws what went wrong. Resolves when the
 * dialog is closed.
 */
export function askToDeploy(draft, { impact, cases, act, toLine }) {
  const problems = element("div", {});
  const deploys = element("button", { type: "button", class: "main" }, impact ? "Deploy" : "Deploy without looking");
  const message = element("input", { type: "text", id: "deploy-message", maxlength: 500, autocomplete: "off" });
  const dialog = element("dialog", { class: "wide", "aria-labelledby": "deploy-title" },
    element("h2", { id: "deploy-title" }, draft.live ? `Deploy ${draft.fields.name}` : `Deploy the new rule ${draft.fields.name}`),
    element("ul", {}, element("li", {}, told(impact)), element("li", {}, toldOfCases(cases)), draft.fields.enabled ? null : element("li", {}, "The rule is disabled: it will not run.")),
    draft.live ? difference(draft.live, draft.fields, ["Live", "To be live"]) : null,
    problems,
    element("label", { for: "deploy-message" }, "Why, for whoever reads the revisions ", element("span", { class: "quiet" }, "(may be left out)")), message,
    element("form", { method: "dialog", class: "buttons" }, deploys, element("button", { autofocus: true }, "Cancel")));
  deploys.addEventListener("click", async () => {
    deploys.disabled = true;
    try {
      await act(message.value.trim());
      dialog.close();
    } catch (error) {
      if (error.status === 412 || raced(error)) dialog.close();
      problems.replaceChildren(said(error, toLine));
    }
    deploys.disabled = false;
  });
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    dialog.remove();
    resolve();
  }));
}

function told(impact) {
  if (!impact) return allows("replay") ? "You have not looked at what would change." : "What would change was not looked at.";
  if (!impact.replayed) return "No login was recorded that it could be compared with.";
  const changed = impact.replayed - impact.unchanged;
  return changed ? `${changed.toLocaleString("en")} of ${count(impact.replayed, "login")} would have been otherwise, ${impact.denied.count.toLocaleString("en")} of them newly denied.` : `Nothing changes for any of ${count(impact.replayed, "login")}.`;
}

function toldOfCases({ number, failed }) {
  if (!number) return "There are no cases.";
  if (failed === null) return "The cases were not run with this text.";
  return failed ? `${count(failed, "case")} of ${number} failed.` : `All ${count(number, "case")} passed.`;
}

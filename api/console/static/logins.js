// Choosing a login: a sample, one that was recorded, or whatever somebody writes.
import { ago, call, element, get, keep, kept } from "/console/static/console.js";
import { address, allows } from "/console/static/draft.js";
import { json } from "/console/static/editor.js";
import { member, object, pieces, setOut } from "/console/static/raw.js";
import { SAMPLES } from "/console/static/samples.js";
import { badge, lacking, said, short } from "/console/static/said.js";

const FOUND = 20;

/**
 * Recorded logins, newest first, to be chosen by `choose(execution)`.
 * @param {string} use  What the button of each says.
 */
export function recorded(use, choose) {
  if (!allows("executions:read")) return lacking("executions:read", "Choosing a recorded login");
  const user = element("input", { type: "search", name: "user", autocomplete: "off" });
  const client = element("input", { type: "search", name: "client", autocomplete: "off" });
  const list = element("ul", { class: "logins" });
  const state = element("p", { class: "quiet", role: "status" });
  const form = element("form", { class: "filters" },
    element("label", {}, "user_id", user), element("label", {}, "Client", client), element("button", {}, "Search"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    find();
  });

  let asking = null; // an AbortController: a search that is slow does not replace what a later one has found

  async function find() {
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    const query = new URLSearchParams({ limit: FOUND });
    for (const field of [user, client]) if (field.value.trim()) query.set(field.name, field.value.trim());
    try {
      const { executions } = await get(`/v1/executions?${query}`, { signal });
      list.replaceChildren(...executions.map((one) => element("li", {},
        element("button", { type: "button", onclick: () => choose(one) }, use), " ", badge(one.decision), " ",
        element("span", {}, `${one.user == null ? "no user" : plain(one.user)} · ${one.client == null ? "no client" : plain(one.client)}`), " ",
        element("span", { class: "quiet" }, ago(new Date(one.clock))))));
      state.textContent = executions.length ? "" : query.size > 1 ? "No recorded login is like that." : "No login was recorded yet. Take a sample, or write one.";
    } catch (error) {
      if (signal.aborted) return;
      list.replaceChildren();
      state.replaceChildren(said(error));
    }
  }

  return Object.assign(element("div", {}, form, state, list), { find });
}

const plain = (value) => (typeof value === "string" ? value : short(value));

/** The whole of what a login was about, as a text for `/v1/try`; and whether some of it is hidden. */
export async function transactionOf(id) {
  const text = await (await call("GET", address("executions", id))).text();
  const given = member(text, "transaction");
  const members = [["user", member(given, "user")], ["context", member(given, "context")], ["clock", member(text, "clock")]];
  const hidden = [...JSON.parse(member(text, "removed")), ...JSON.parse(member(text, "dropped"))];
  return { text: setOut(object(members)), hidden };
}

/** A field with a login, kept in this browser under `place`. `run` is what Ctrl-Enter does. */
export function login(place, run) {
  const field = element("div", { class: "json-field" });
  const about = element("p", { class: "quiet", role: "status" });
  const names = Object.keys(SAMPLES);
  const sample = element("select", {}, element("option", { value: "" }, "Choose a sample…"), ...names.map((name) => element("option", {}, name)));
  const logins = recorded("Take", async (execution) => {
    try {
      const { text, hidden } = await transactionOf(execution.execution_id);
      editor.value = text;
      about.textContent = hidden.length ? `The login of ${new Date(execution.clock).toLocaleString()}. Hidden in its record, so *** or missing here: ${hidden.join(", ")}.` : `The login of ${new Date(execution.clock).toLocaleString()}, with its clock.`;
      sample.value = "";
      more.open = false;
    } catch (error) {
      about.replaceChildren(said(error));
    }
  });
  const more = element("details", { class: "recorded" }, element("summary", {}, "A recorded login"), logins);
  more.addEventListener("toggle", () => more.open && logins.find?.());
  sample.addEventListener("change", () => {
    if (!sample.value) return;
    editor.value = setOut(JSON.stringify(SAMPLES[sample.value]));
    about.textContent = "";
  });
  const first = kept(place);
  if (first === null) sample.value = names[0];
  const editor = json(field, {
    doc: first ?? setOut(JSON.stringify(SAMPLES[names[0]])), label: "The login as JSON: user, context, and what else a trial takes",
    onChange: (text) => keep(place, text), onRun: run,
  });
  return {
    element: element("div", {}, element("div", { class: "filters" }, element("label", {}, "Sample", sample)), more, about, field),
    /** Its members as they are written. Throws a SyntaxError. */
    members: () => membersOf(editor.value),
    take: (execution) => transactionOf(execution).then(({ text }) => { editor.value = text; sample.value = ""; }),
  };
}

const RULES = ["script", "rules", "revision", "modules"]; // what runs is chosen beside it

function membersOf(text) {
  const read = JSON.parse(text);
  if (read === null || typeof read !== "object" || Array.isArray(read)) throw new SyntaxError("The login has to be an object: {\"user\": {...}, \"context\": {...}}.");
  const wrong = RULES.find((name) => name in read);
  if (wrong) throw new SyntaxError(`Leave "${wrong}" out of the login: what runs is chosen above.`);
  return pieces(text);
}

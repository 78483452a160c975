// What of a rule is no script: its name, place, and for which logins it runs.
import { element } from "/console/static/console.js";

const LISTS = {
  clients: ["Clients", "context.clientID"], connections: ["Connections", "context.connection"], protocols: ["Protocols", "context.protocol"],
};

/** Fills `panel` with fields that write into the draft; answers with `show()`, which reads them from it again. */
export function settings(panel, draft, mayWrite) {
  const disabled = !mayWrite;
  const name = element("input", { id: "rule-name", maxlength: 128, required: true, autocomplete: "off", spellcheck: "false", disabled, "aria-describedby": "about-name" });
  const order = element("input", { id: "rule-order", type: "number", min: 0, max: 1_000_000_000, disabled, placeholder: "last", "aria-describedby": "about-order" });
  const enabled = element("input", { type: "checkbox", disabled });
  const failure = element("select", { id: "rule-failure", disabled }, element("option", { value: "deny" }, "deny the login"), element("option", { value: "skip" }, "undo the rule, and go on"));
  const without = element("input", { type: "checkbox", disabled });
  const lists = Object.fromEntries(Object.keys(LISTS).map((one) => [one, element("textarea", { id: `only-${one}`, rows: 2, spellcheck: "false", disabled })]));
  const only = element("details", {}, element("summary", {}, "Only for some logins"),
    element("p", { class: "quiet" }, "Each list that has something in it has to name the login's value. Where the rule does not run, it denies nobody."),
    ...Object.entries(LISTS).flatMap(([one, [label, field]]) => [element("label", { for: `only-${one}` }, `${label}, one a line `, element("code", { class: "quiet" }, field)), lists[one]]),
    element("p", {}, element("label", { class: "inline" }, without, "also where there is no user (client credentials)")));
  panel.replaceChildren(
    element("div", { class: "fields" },
      element("div", { class: "wide" }, element("label", { for: "rule-name" }, "Name"), name, element("p", { class: "quiet", id: "about-name" }, "Letters, digits, spaces, . _ -")),
      element("div", {}, element("label", { for: "rule-order" }, "Order"), order, element("p", { class: "quiet", id: "about-order" }, "Lower runs first.")),
      element("div", {}, element("label", { for: "rule-failure" }, "When it fails"), failure)),
    element("p", {}, element("label", { class: "inline" }, enabled, "Enabled")), only);

  const named = (field) => field.value.split("\n").map((line) => line.trim()).filter(Boolean);
  panel.addEventListener("input", () => {
    draft.fields.name = name.value.trim();
    draft.fields.order = order.value === "" ? null : Number(order.value);
    draft.fields.enabled = enabled.checked;
    draft.fields.on_failure = failure.value;
    const conditions = {};
    for (const one of Object.keys(LISTS)) if (named(lists[one]).length) conditions[one] = named(lists[one]);
    if (without.checked) conditions.without_user = true;
    draft.fields.conditions = conditions;
    draft.told();
  });

  function show() {
    const { fields } = draft;
    name.value = fields.name;
    order.value = fields.order ?? "";
    enabled.checked = fields.enabled;
    failure.value = fields.on_failure;
    without.checked = Boolean(fields.conditions.without_user);
    for (const one of Object.keys(LISTS)) lists[one].value = (fields.conditions[one] ?? []).join("\n");
    only.open = Object.keys(fields.conditions).length > 0;
  }

  show();
  return { show, name };
}

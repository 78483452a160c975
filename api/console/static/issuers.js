// Issuers: the light is kept fresh; a secret is made up in this browser, shown here once, and set.

import { alarm, calm, call, element } from "/console/static/console.js";

const FRESH = 4000; // milliseconds
const BYTES = 32;

/** Whether somebody is at a link in what would be replaced: the focus, and a click, would be lost. */
const busy = () => document.getElementById("light").contains(document.activeElement);

setInterval(() => {
  if (!document.hidden && !document.getElementById("banner") && !busy()) window.htmx.trigger("#light", "refresh");
}, FRESH);
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id === "light" && busy()) event.detail.shouldSwap = false;
});

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("button[data-copy]") : null;
  if (!button) return;
  const code = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch { // without TLS there is no clipboard for scripts
    window.getSelection().selectAllChildren(code);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
});

const form = document.getElementById("secret");
const kind = document.getElementById("kind");

const MAKE = {
  text: () => encoded().replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
  whsec: () => `whsec_${encoded()}`,
  supabase: () => `v1,whsec_${encoded()}`,
};

function encoded() {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(BYTES))));
}

/** The inputs of the kind that is chosen. */
function inputs() {
  return [...form.querySelectorAll(`fieldset[data-kind="${CSS.escape(kind.value)}"] input`)];
}

/** What is to be pasted there has what stands in the form. */
function fill() {
  for (const one of document.querySelectorAll("[data-kind]")) {
    one.hidden = one.dataset.kind !== kind.value;
    if (one instanceof HTMLFieldSetElement) one.disabled = one.hidden;
  }
  for (const input of inputs()) {
    for (const place of document.querySelectorAll(`[data-of="${CSS.escape(input.name)}"]`)) {
      place.textContent = input.value || `‹${input.name}›`;
    }
  }
}

function secret() {
  const made = { type: kind.value };
  for (const { name, value } of inputs()) {
    const text = value.trim();
    if (text) made[name] = name === "issuers" ? text.split(/\s+/) : text;
  }
  return made;
}

async function set(event) {
  event.preventDefault();
  calm();
  const id = form.elements.id.value;
  const button = form.querySelector("button.main");
  const shown = inputs().map(({ name, value, labels }) => [name, labels[0].textContent, value]);
  button.disabled = true;
  try {
    const path = `/v1/issuers/${encodeURIComponent(form.dataset.issuer)}/secrets/${encodeURIComponent(id)}`;
    await call("PUT", path, { body: secret() });
  } catch (error) {
    alarm(error);
    document.getElementById("alarms").scrollIntoView({ block: "center" });
    return;
  } finally {
    button.disabled = false;
  }
  const said = document.getElementById("set");
  said.replaceChildren(element("div", { class: "notice" },
    element("p", {}, element("strong", {}, `The secret ${id} is set.`), " Nobody can read it back: until you leave this page, it stands here, and below in what is to be pasted."),
    ...shown.filter(([, , value]) => value).map(([name, label, value]) => element("div", {},
      element("p", {}, label),
      element("div", { class: "paste" }, element("pre", { tabindex: 0 }, element("code", { id: `set-${name}` }, value)),
        element("button", { type: "button", "data-copy": `set-${name}` }, "Copy"))))));
  document.getElementById("new").open = false;
  for (const input of inputs()) input.value = input.defaultValue; // what is below stays as it is
  form.elements.id.value = "";
  said.focus();
  window.htmx.trigger("#secrets", "refresh");
}

if (form) {
  kind.addEventListener("change", fill);
  form.addEventListener("input", fill);
  form.addEventListener("submit", set);
  form.addEventListener("click", (event) => {
    const { make, into } = event.target.dataset;
    if (!make) return;
    document.getElementById(into).value = MAKE[make]();
    fill();
  });
  fill();
}

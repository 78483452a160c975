// A module's source: in the editor where it can be loaded, and kept in this browser until it is saved.
import { call, keep, kept, tenant } from "/console/static/console.js";

const field = document.getElementById("script");
const form = document.getElementById("module");
const name = field.dataset.keep;
const offer = document.getElementById("kept");
const saved = field.value;
let source = null; // the editor, once it is there

function typed(text) {
  keep(name, text === saved ? null : text);
}

function put(text) {
  field.value = text;
  if (source) source.value = text;
  typed(text);
}

field.addEventListener("input", () => typed(field.value));
// A kept source goes when it is live: the page after says so.
form.addEventListener("submit", () => sessionStorage.setItem(`claimsmith:saved:${tenant}`, name));

const was = kept(name);
if (!field.readOnly && was != null && was !== saved) {
  if (justSaved()) keep(name, null);
  else offer.hidden = false;
}

function justSaved() {
  const key = `claimsmith:saved:${tenant}`;
  const which = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  // What was typed comes back with the errors, where there are any.
  return which === name && !document.getElementById("wrong");
}

document.getElementById("take").addEventListener("click", () => {
  put(kept(name));
  offer.hidden = true;
});
document.getElementById("forget").addEventListener("click", () => {
  keep(name, null);
  offer.hidden = true;
});

// Without the editor the plain field does.
import("/console/static/editor.js").then(({ editor }) => {
  const place = document.getElementById("editor");
  place.hidden = false;
  field.hidden = true;
  source = editor(place, {
    doc: field.value, label: "Source", readOnly: field.readOnly,
    onChange(text) {
      field.value = text;
      typed(text);
    },
    onSave: () => form.requestSubmit(),
    check: field.readOnly ? undefined : check,
  });
}, () => {});

async function check(script, signal) {
  const called = document.getElementById("name")?.value || document.querySelector("h1").textContent;
  const body = /^[a-z][a-z0-9_]{0,63}$/.test(called) ? { script, module: called } : { script };
  const response = await call("POST", "/v1/rules/check", { body, signal });
  return (await response.json()).problems;
}

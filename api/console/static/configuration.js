// The form for a value: shown while it is typed, on request; filled with a name to replace what it has.
import { calm } from "/console/static/console.js";

const key = document.getElementById("key");
const value = document.getElementById("value");
const show = document.getElementById("show");

show.addEventListener("change", () => {
  value.type = show.checked ? "text" : "password";
});
// What is left of the page must not keep a value on the screen, or in the browser's history of the form.
addEventListener("pagehide", () => {
  value.value = "";
  value.type = "password";
  show.checked = false;
});
for (const button of document.querySelectorAll("button[data-replace]")) {
  button.addEventListener("click", () => {
    calm();
    key.value = button.dataset.replace;
    value.value = "";
    value.focus();
    value.scrollIntoView({ block: "center" });
  });
}

// One execution: a claim and the step that wrote it, and copying.
import { notify } from "/console/static/console.js";

/** Mark the steps and the writes that made a claim, while somebody is at it. */
function mark(claim, is) {
  for (const place of claim.dataset.writes.split(" ").filter(Boolean)) {
    document.getElementById(`step-${place.split("-")[0]}`)?.classList.toggle("wrote", is);
    document.getElementById(`write-${place}`)?.classList.toggle("wrote", is);
  }
  if (!is) claim.classList.remove("dismissed");
}

for (const claim of document.querySelectorAll("tr.claim")) {
  claim.addEventListener("pointerenter", () => mark(claim, true));
  claim.addEventListener("pointerleave", () => claim.contains(document.activeElement) || mark(claim, false));
  claim.addEventListener("focusin", () => mark(claim, true));
  claim.addEventListener("focusout", (event) => claim.contains(event.relatedTarget) || mark(claim, false));
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const claim of document.querySelectorAll("tr.claim:hover, tr.claim:focus-within")) claim.classList.add("dismissed");
});

// A Why? button asks for its claim: the form says so, too.
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "answer") return;
  const asked = new URL(location.href).searchParams;
  const form = document.getElementById("ask-why");
  form.elements.claim.value = asked.get("claim") ?? "";
  for (const one of form.elements.token) one.checked = one.value === asked.get("token");
  document.getElementById("answer").scrollIntoView({ block: "nearest" });
});

async function copy(button) {
  const from = button.dataset.copies ? document.getElementById(button.dataset.copies) : null;
  const text = from ? from.textContent : button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
    notify("Copied.");
  } catch {
    // Browsers let pages copy by https or on this machine only.
    if (from) getSelection().selectAllChildren(from);
    notify("Your browser does not let this page copy. Copy what is selected, or download it.");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button.copy") : null;
  if (button) copy(button);
});
for (const button of document.querySelectorAll("button.copy[hidden]")) button.hidden = !navigator.clipboard;

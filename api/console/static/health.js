// The plots are fetched again every ten seconds, by htmx, but not from under somebody who is there.
const now = document.getElementById("now");
const pause = document.getElementById("pause");
const parts = [now, document.getElementById("numbers"), document.getElementById("rules")];
const EVERY = 10e3;

pause.addEventListener("click", () => {
  const paused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(paused));
  if (!paused) refresh();
});

function refresh() {
  now.dispatchEvent(new CustomEvent("refresh"));
}

const busy = () => pause.getAttribute("aria-pressed") === "true" || parts.some((part) => part.contains(document.activeElement));

setInterval(() => {
  if (!document.hidden && !busy()) refresh();
}, EVERY);
// Somebody may have come since it was asked for.
now.addEventListener("htmx:beforeSwap", (event) => {
  if (busy()) event.detail.shouldSwap = false;
});

// The order of rules, by mouse, touch or keyboard; and which of them run.
import { alarm, call, calm, notify } from "/console/static/console.js";

const list = document.getElementById("pipeline");
const said = document.getElementById("moves");
const changed = document.getElementById("order-changed");

const rows = () => [...list.children];
const ids = () => rows().map((row) => row.dataset.id);
const place = (row) => rows().indexOf(row) + 1;
let live = list ? ids() : []; // the order that logins see
let lifted = null; // what the keyboard moves, and where it was: {row, next}
let dragged = null; // what the pointer has: {row, from, moved}

function order(wanted) {
  const byId = new Map(rows().map((row) => [row.dataset.id, row]));
  list.append(...wanted.map((id) => byId.get(id)));
  moved();
}

function moved() {
  for (const row of rows()) row.querySelector(".place").textContent = place(row);
  changed.hidden = ids().join() === live.join();
}

function tell(text) {
  said.textContent = text;
}

function put(row, before) {
  if (before !== row) list.insertBefore(row, before);
  moved();
}

function lift(row) {
  lifted = { row, next: row.nextElementSibling };
  row.classList.add("lifted");
  tell(`${row.dataset.name} is lifted: place ${place(row)} of ${rows().length}.`);
}

function putDown() {
  const { row } = lifted;
  lifted = null;
  row.classList.remove("lifted");
  return row;
}

function drop(back) {
  const { next } = lifted;
  const row = putDown();
  if (back) put(row, next);
  row.querySelector(".handle").focus();
  tell(`${row.dataset.name} ${back ? "is back" : "stays"} at place ${place(row)} of ${rows().length}.`);
}

const MOVES = {
  ArrowUp: (row) => row.previousElementSibling && put(row, row.previousElementSibling),
  ArrowDown: (row) => row.nextElementSibling && put(row, row.nextElementSibling.nextElementSibling),
  Home: (row) => put(row, list.firstElementChild),
  End: (row) => put(row, null),
};

function move(row, key) {
  const held = document.activeElement;
  MOVES[key](row);
  held.focus(); // an element that is moved loses it
  row.scrollIntoView({ block: "nearest" });
  tell(`Place ${place(row)} of ${rows().length}.`);
}

function toggleLift(row) {
  const wasLifted = lifted?.row === row;
  if (lifted) drop(false);
  if (!wasLifted) lift(row);
}

function onKey(event) {
  const row = event.target.closest("li");
  if (event.target.closest(".handle") && (event.key === " " || event.key === "Enter")) toggleLift(row);
  else if (lifted?.row === row && event.key === "Escape") drop(true);
  else if (lifted?.row === row && event.key in MOVES) move(row, event.key);
  else return;
  event.preventDefault();
}

// One way for mouse, pen and finger. What is not moved is lifted, for whoever cannot drag.
function onPointerDown(event) {
  const handle = event.target.closest(".handle");
  if (!handle || event.button !== 0) return;
  dragged = { row: handle.closest("li"), from: event.clientY, moved: false };
  handle.setPointerCapture(event.pointerId);
}

function onPointerMove(event) {
  if (!dragged || (!dragged.moved && Math.abs(event.clientY - dragged.from) < 5)) return;
  const { row } = dragged;
  if (lifted) drop(false);
  dragged.moved = true;
  row.classList.add("dragged");
  const before = rows().find((other) => {
    const box = other.getBoundingClientRect();
    return other !== row && event.clientY < box.top + box.height / 2;
  }) ?? null;
  if (before !== row.nextElementSibling) put(row, before);
  if (event.clientY < 90) scrollBy(0, -12);
  if (event.clientY > innerHeight - 40) scrollBy(0, 12);
}

function onPointerUp(event) {
  if (!dragged) return;
  const { row, moved: wasMoved } = dragged;
  dragged = null;
  row.classList.remove("dragged");
  if (wasMoved) tell(`${row.dataset.name} is at place ${place(row)} of ${rows().length}.`);
  else if (event.type === "pointerup") toggleLift(row);
}

async function deployOrder() {
  calm();
  const wanted = ids();
  try {
    const { revision } = await (await call("PUT", "/v1/rules/order", { body: { rules: wanted } })).json();
    live = wanted;
    moved();
    notify(`Revision ${revision} is live, in this order.`);
    document.getElementById("main").focus();
  } catch (error) {
    alarm(error);
  }
}

/** What runs and what does not is live at once, for whoever may deploy; for others it is a draft. */
async function toggle(button) {
  const row = button.closest("li");
  const enabled = button.getAttribute("aria-checked") !== "true";
  calm();
  button.setAttribute("aria-busy", "true");
  try {
    const rule = await (await call("PATCH", `/v1/rules/${encodeURIComponent(row.dataset.id)}`, { body: { enabled } })).json();
    const now = (rule.draft ?? rule).enabled;
    button.setAttribute("aria-checked", String(now));
    row.classList.toggle("off", !now);
    notify(rule.draft || !rule.live
      ? `${rule.name} is ${now ? "switched on" : "switched off"} in its draft: somebody who may deploy has to make it live.`
      : `${rule.name} ${now ? "runs" : "does not run any more"}: revision ${rule.revision} is live.`);
  } catch (error) {
    alarm(error);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

if (list) {
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[role=switch]");
    if (button) toggle(button);
    const step = event.target.closest(".steps button");
    if (step) move(step.closest("li"), step.matches(".up") ? "ArrowUp" : "ArrowDown");
  });
  if (list.dataset.movable) {
    list.addEventListener("keydown", onKey);
    list.addEventListener("focusout", (event) => {
      if (lifted && event.relatedTarget && !lifted.row.contains(event.relatedTarget)) putDown();
    });
    list.addEventListener("pointerdown", onPointerDown);
    list.addEventListener("pointermove", onPointerMove);
    list.addEventListener("pointerup", onPointerUp);
    list.addEventListener("pointercancel", onPointerUp);
    document.getElementById("deploy-order").addEventListener("click", deployOrder);
    document.getElementById("undo-order").addEventListener("click", () => order(live));
    addEventListener("beforeunload", (event) => {
      if (!changed.hidden) event.preventDefault();
    });
  }
}

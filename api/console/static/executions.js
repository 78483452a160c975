// The list of executions: new ones at the top as they happen. Nothing that came while the connection was broken is
// left out, and nothing moves under somebody who reads.
import { Refused, ago, alarm, call, calm, element, get } from "/console/static/console.js";
import { events } from "/console/static/events.js";

const MOST = 200; // rows that stay, the newest
const PAGE = 100; // executions of one call that makes up for what was missed
const SILENCE = 40e3; // milliseconds: the service says something every 15 seconds
const LATE = [0, 2e3, 12e3]; // after a connection: a record may be written some seconds after its login
const FIRST_WAIT = 1e3;
const LONGEST_WAIT = 30e3;

const list = document.getElementById("executions");
const live = document.getElementById("live");
const said = document.getElementById("live-said");
const rows = document.getElementById("rows"); // with the button above them
const heldLine = document.getElementById("held");
const older = document.getElementById("older");
const table = rows?.querySelector("table");
const body = table?.tBodies[0];

const held = new Map(); // what has come while somebody reads, by id
let stopping = null; // an AbortController while it is live

function row(one) {
  const moment = element("time", { "data-at": one.clock, datetime: one.clock }, ago(new Date(one.clock)));
  const claims = one.claims.slice(0, 4).flatMap((name) => [element("code", {}, short(name, 60)), " "]);
  if (one.claims.length > 4) claims.push(element("span", { class: "quiet" }, `and ${one.claims.length - 4} more`));
  const failed = one.failed.flatMap((name, place) => [place ? ", " : "", element("span", { class: "failed-rule" }, name)]);
  if (one.denial) failed.push(element("span", { class: "quiet" }, (one.failed.length ? ": " : "") + short(one.denial.description, 80)));
  if (one.warnings.length) {
    const words = `${one.warnings.length} warning${one.warnings.length === 1 ? "" : "s"}`;
    failed.push(" ", element("span", { class: "badge warn", title: one.warnings.join(", ") }, words));
  }
  return element("tr", { "data-id": one.execution_id, class: "new" },
    element("td", {}, element("a", { href: `${list.dataset.home}/executions/${encodeURIComponent(one.execution_id)}` }, moment)),
    element("td", {}, element("span", { class: `badge ${one.decision.replace("_", "-")}` }, one.decision.replace("_", " "))),
    element("td", {}, one.user == null ? element("span", { class: "quiet" }, "none") : element("code", {}, text(one.user))),
    element("td", { class: "mid" }, one.client == null ? "" : element("code", {}, text(one.client))),
    element("td", { class: "wide" }, ...claims),
    element("td", {}, ...failed),
    element("td", { class: "number wide" }, one.ms < 0.1 ? "<0.1 ms" : `${one.ms.toFixed(one.ms < 10 ? 1 : 0)} ms`));
}

const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));
const short = (value, most) => (value.length <= most ? value : `${value.slice(0, most - 1)}…`);

/** Whether a change of the rows would disturb somebody: also on the way from the rows to the button above them. */
function reading() {
  const pointed = matchMedia("(hover: hover)").matches && rows.matches(":hover");
  return pointed || rows.contains(document.activeElement) || table.getBoundingClientRect().top < 0;
}

function known(id) {
  return held.has(id) || body.querySelector(`tr[data-id="${CSS.escape(id)}"]`) !== null;
}

/** Take in executions; those that are there already do not matter. */
function add(executions) {
  for (const one of executions) if (!known(one.execution_id)) held.set(one.execution_id, one);
  while (held.size > MOST) held.delete([...held.keys()].sort()[0]);
  if (!held.size) return;
  if (reading()) return sayHeld();
  show();
}

function sayHeld() {
  heldLine.hidden = false;
  heldLine.firstElementChild.textContent = `Show ${held.size} new`;
}

/** Put what was held back into its places: ids are in the order of time. */
function show() {
  heldLine.hidden = true;
  if (!held.size) return;
  for (const before of body.querySelectorAll("tr.new")) before.classList.remove("new");
  for (const one of [...held.values()].sort((a, b) => (a.execution_id < b.execution_id ? -1 : 1))) {
    const behind = [...body.rows].find((other) => other.dataset.id < one.execution_id);
    body.insertBefore(row(one), behind ?? null);
  }
  held.clear();
  table.hidden = false;
  list.querySelector(".empty")?.remove();
  if (body.rows.length <= MOST) return;
  while (body.rows.length > MOST) body.lastElementChild.remove();
  const narrowed = older.dataset.narrowed;
  older.href = `${list.dataset.home}/executions?${narrowed ? `${narrowed}&` : ""}cursor=${encodeURIComponent(body.lastElementChild.dataset.id)}`;
  older.hidden = false;
}

/** Ask the list for what the tail has not told: until it has nothing new any more, or the rows are full. */
async function makeUp(signal) {
  const found = [];
  let cursor = "";
  while (found.length < MOST) {
    const given = [list.dataset.query, `limit=${PAGE}`, cursor && `cursor=${cursor}`].filter(Boolean).join("&");
    const answer = await get(`/v1/executions?${given}`, { signal });
    const fresh = answer.executions.filter((one) => !known(one.execution_id) && one.execution_id > floor());
    found.push(...fresh);
    cursor = answer.cursor;
    if (!fresh.length || !cursor) break;
  }
  if (!signal.aborted) add(found);
}

/** Older ones than these have their place on a later page. */
function floor() {
  return older.hidden ? "" : (body.lastElementChild?.dataset.id ?? "");
}

async function follow(signal) {
  let wait = FIRST_WAIT;
  while (!signal.aborted) {
    const link = new AbortController();
    const cut = () => link.abort();
    signal.addEventListener("abort", cut);
    let silence = setTimeout(cut, SILENCE);
    const late = [];
    try {
      const query = new URLSearchParams(list.dataset.query);
      query.delete("since"); // those are listed already
      const response = await call("GET", `/v1/executions/tail?${query}`, { signal: link.signal });
      wait = FIRST_WAIT;
      calm();
      live.classList.remove("broken");
      said.textContent = "New ones appear as they happen.";
      const again = () => makeUp(link.signal).catch(() => {}); // the tail says when there is nobody any more
      late.push(...LATE.map((after) => setTimeout(again, after)));
      for await (const event of events(response)) {
        clearTimeout(silence);
        silence = setTimeout(cut, SILENCE);
        if (event.name === "execution") add([JSON.parse(event.data)]);
        else if (event.name === "missed") again();
        else if (event.name === "unreadable") said.textContent = "A login was recorded that cannot be opened. It is not shown.";
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused && error.status < 500 && error.status !== 429) {
        stop();
        if (error.status !== 401) alarm(error);
        return;
      }
    } finally {
      clearTimeout(silence);
      late.forEach(clearTimeout);
      signal.removeEventListener("abort", cut);
      link.abort();
    }
    if (signal.aborted) return;
    live.classList.add("broken");
    said.textContent = `The connection is broken. Trying again in ${Math.round(wait / 1e3)} s; nothing is lost.`;
    await pause(wait, signal);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

/** Some time, or until there is a network again. */
function pause(time, signal) {
  return new Promise((done) => {
    const timer = setTimeout(end, time);
    function end() {
      clearTimeout(timer);
      removeEventListener("online", end);
      signal.removeEventListener("abort", end);
      done();
    }
    addEventListener("online", end);
    signal.addEventListener("abort", end);
  });
}

function start() {
  stopping = new AbortController();
  live.setAttribute("aria-checked", "true");
  said.textContent = "Connecting …";
  mark("on");
  follow(stopping.signal);
}

function stop() {
  stopping?.abort();
  stopping = null;
  live.setAttribute("aria-checked", "false");
  live.classList.remove("broken");
  said.textContent = "";
  mark(null);
  show();
}

/** Keep the switch in the address, so that a page that is loaded again goes on. */
function mark(value) {
  const here = new URL(location.href);
  if (value === null) here.searchParams.delete("live");
  else here.searchParams.set("live", value);
  history.replaceState(history.state, "", here);
}

if (live && list) {
  live.addEventListener("click", () => (stopping ? stop() : start()));
  document.getElementById("show-held").addEventListener("click", () => {
    scrollTo({ top: 0 });
    show();
    live.focus({ preventScroll: true });
  });
  const perhaps = () => setTimeout(() => held.size && !reading() && show(), 0);
  rows.addEventListener("pointerleave", perhaps);
  rows.addEventListener("focusout", perhaps);
  addEventListener("scroll", perhaps, { passive: true });
  if (live.dataset.on) start();
}

// A link that can be shared has no empty parts.
document.getElementById("filters")?.addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
  if (stopping) event.formData.set("live", "on");
});

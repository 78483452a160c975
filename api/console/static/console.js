// What every screen has. Whatever the service says is put into pages as text, never as markup.

export const tenant = document.body.dataset.tenant;
let csrf = document.body.dataset.csrf;

/** Why a call of the API did not succeed: `status`, `error`, `problems`, and `message` for the person. */
export class Refused extends Error {
  constructor(status, said) {
    super(said.error_description ?? "the service gave no reason");
    this.status = status;
    this.error = said.error ?? "server_error";
    this.problems = said.problems ?? [];
  }
}

/** The response of the public API to one call, `body` sent as JSON, a blob as it is. Throws `Refused`, or a TypeError without a connection. */
export async function call(method, path, { body, headers = {}, signal } = {}) {
  const sent = { "Claimsmith-Tenant": tenant, ...headers };
  if (method !== "GET") sent["X-CSRF-Token"] = csrf;
  const raw = body === undefined || body instanceof Blob;
  if (!raw) sent["Content-Type"] = "application/json";
  const response = await fetch(`/console/api${path}`, {
    method, headers: sent, signal, body: raw ? body : JSON.stringify(body),
  });
  if (response.ok) {
    connected();
    return response;
  }
  const said = await response.json().catch(() => ({}));
  if (response.status === 401) signedOut();
  throw new Refused(response.status, said);
}

/** What there is at `path`, decoded. Throws as `call` does. */
export async function get(path, options) {
  return (await call("GET", path, options)).json();
}

/** The lines of a response (NDJSON) as they come, decoded. */
export async function* lines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    rest += value ?? "";
    const whole = rest.split("\n");
    rest = done ? "" : whole.pop();
    for (const line of whole) if (line.trim()) yield JSON.parse(line);
    if (done) return;
  }
}

/** An element with attributes and children; texts are texts. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

/** Say something that is good to know, in passing. */
export function notify(text) {
  document.getElementById("notices")?.replaceChildren(element("p", { class: "notice" }, text));
}

/** Say what went wrong, and what to do. Of an error, its message and problems. */
export function alarm(what) {
  const said = what instanceof Error ? sentence(what) : what;
  const problems = (what?.problems ?? []).map((one) => element("li", {}, `${one.line ? `line ${one.line}: ` : one.path ? `${one.path}: ` : ""}${one.message ?? ""}`));
  const made = element("div", { class: "error" }, element("p", {}, said), problems.length ? element("ul", { class: "problems" }, ...problems) : null);
  document.getElementById("alarms")?.replaceChildren(made);
}

/** Take back what `alarm` said. */
export function calm() {
  document.getElementById("alarms")?.replaceChildren();
}

function sentence(error) {
  if (error instanceof TypeError) return "The service cannot be reached. What you typed stays here; try again.";
  return error.message.charAt(0).toUpperCase() + error.message.slice(1);
}

let banner = null;

function show(text, ...more) {
  banner?.remove();
  banner = element("div", { class: "warning", role: "alert", id: "banner" }, element("p", {}, text, ...more));
  document.getElementById("main").prepend(banner);
}

let ended = false;

/** The sign-in has ended. The page stays, with all that was typed: one signs in again in another tab. What is said already
 * stays, too: who is about to click it must not lose it to the next call that is refused. */
export function signedOut() {
  if (ended) return;
  ended = true;
  const here = encodeURIComponent(location.pathname + location.search + location.hash);
  show("Your sign-in has ended. What you typed is kept. ",
    element("a", { href: `/console/sign-in?why=ended&next=${here}`, target: "_blank" }, "Sign in again"), " in another tab, and come back.");
}

/** A new sign-in has another value against forgery, which a page of now has. */
async function signedIn() {
  const response = await fetch(location.href).catch(() => null);
  const page = new DOMParser().parseFromString(await response?.text() ?? "", "text/html");
  if (!ended || !page.body.dataset.csrf) return;
  ended = false;
  csrf = page.body.dataset.csrf;
  expires = Number(page.body.dataset.expires) * 1000;
  document.body.setAttribute("hx-headers", page.body.getAttribute("hx-headers"));
  for (const field of document.querySelectorAll("input[name=csrf]")) field.value = csrf;
  banner?.remove();
  banner = null;
  notify("You are signed in again.");
  warn();
}

addEventListener("focus", () => ended && signedIn());
document.addEventListener("visibilitychange", () => ended && !document.hidden && signedIn());

export function disconnected() {
  if (!ended) show("The service cannot be reached. What you typed is kept; try again in a moment.");
}

function connected() {
  if (banner && !banner.querySelector("a")) {
    banner.remove();
    banner = null;
  }
}

/** Keep what is not saved yet in this browser, by tenant and `name`; nothing to forget it. */
export function keep(name, text) {
  const key = `claimsmith:draft:${tenant}:${name}`;
  try {
    if (text == null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  } catch { /* a browser that keeps nothing */ }
}

/** What was kept under `name`, or null. */
export function kept(name) {
  try {
    return localStorage.getItem(`claimsmith:draft:${tenant}:${name}`);
  } catch {
    return null;
  }
}

// Times: the reader's own, and how long ago.
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

export function ago(at) {
  const seconds = (at - Date.now()) / 1000;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS[3];
  return words.format(Math.round(seconds / size), unit);
}

function tell(root) {
  for (const one of root.querySelectorAll("time[data-at]")) {
    const given = one.dataset.at;
    const at = /^[\d.]+$/.test(given) ? new Date(given * 1000) : new Date(given);
    if (Number.isNaN(at.getTime())) continue;
    one.dateTime = at.toISOString();
    one.title = at.toLocaleString();
    one.textContent = Math.abs(at - Date.now()) < 7 * 86400e3 ? ago(at) : at.toLocaleString();
  }
}

// Colours.
const THEMES = ["", "light", "dark"];
const THEME_NAMES = { "": "as the system has them", light: "light", dark: "dark" };
const themeButton = document.getElementById("theme");

function themeIs(name) {
  themeButton?.setAttribute("aria-label", `Colours: ${THEME_NAMES[name]}`);
}

themeButton?.addEventListener("click", () => {
  const root = document.documentElement;
  const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "") + 1) % THEMES.length];
  if (next) root.dataset.theme = next;
  else delete root.dataset.theme;
  try {
    localStorage.setItem("claimsmith:theme", next);
  } catch { /* until the page is left */ }
  themeIs(next);
});
themeIs(document.documentElement.dataset.theme ?? "");

// The navigation of narrow screens.
const opener = document.getElementById("open-nav");
opener?.addEventListener("click", () => {
  const open = document.getElementById("nav").classList.toggle("open");
  opener.setAttribute("aria-expanded", String(open));
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const menu of document.querySelectorAll("details.me[open]")) menu.open = false;
});

// What cannot be taken back is asked for once more, in the words of the button's `data-confirm`. Such a button of a form
// comes disabled: pressed before there is somebody to ask, it would be done at once.
function mayBePressed() {
  for (const button of document.querySelectorAll("form[method=post] button[data-confirm]")) button.disabled = false;
}
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button[data-confirm]") : null;
  if (!button || button.dataset.sure) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const dialog = element("dialog", { "aria-label": "Are you sure?" },
    element("p", {}, button.dataset.confirm),
    element("form", { method: "dialog", class: "buttons" },
      element("button", { value: "yes", class: "bad" }, button.textContent.trim()), element("button", { value: "no", autofocus: true }, "Cancel")));
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (dialog.returnValue !== "yes") return button.focus();
    button.dataset.sure = "yes";
    button.click();
    delete button.dataset.sure;
  });
  document.body.append(dialog);
  dialog.showModal();
}, true);
mayBePressed();

// Parts that htmx fetches.
document.body.addEventListener("htmx:responseError", (event) => {
  const { status, responseText } = event.detail.xhr;
  if (status === 401) return signedOut();
  const page = new DOMParser().parseFromString(responseText, "text/html");
  alarm(page.querySelector("strong")?.textContent ?? "The service cannot answer just now. Try again in a moment.");
});
document.body.addEventListener("htmx:sendError", disconnected);
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) connected();
});
document.body.addEventListener("htmx:afterSwap", (event) => {
  tell(event.detail.elt);
  mayBePressed();
});

// Before the sign-in ends.
let expires = Number(document.body.dataset.expires) * 1000;
function warn() {
  const left = expires - Date.now();
  if (!expires) return;
  if (left <= 0) return signedOut();
  if (left < 5 * 60e3 && !banner) show(`Your sign-in ends ${ago(expires)}. What you type is kept.`);
  setTimeout(warn, Math.min(Math.max(left - 5 * 60e3, Math.min(left, 30e3)), 2 ** 31 - 1));
}
warn();

tell(document);
setInterval(() => tell(document), 30e3);

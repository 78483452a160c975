// What went wrong, said where it was asked for.
import { element } from "/console/static/console.js";

/** The error, with its places: `toLine(line)` makes what leads to a line of the rule. */
export function said(error, toLine) {
  if (error.name === "AbortError") return element("p", { class: "quiet" }, "Cancelled.");
  const unreachable = error instanceof TypeError && error.status === undefined;
  const text = unreachable ? "The service cannot be reached. What you typed stays here; try again." : error.message;
  const places = (error.problems ?? []).map((one) => element("li", {},
    one.line && toLine ? toLine(one.line) : one.path ? element("code", {}, one.path) : "", one.line || one.path ? " " : "", one.message ?? ""));
  return element("div", { class: "error", role: "alert" },
    element("p", {}, text.charAt(0).toUpperCase() + text.slice(1)),
    places.length ? element("ul", { class: "problems" }, ...places) : null);
}

/** A scope that is missing, and what for. */
export function lacking(scope, what) {
  return element("p", { class: "lacking" }, `${what} needs the scope `, element("code", {}, scope), ", which your token does not have.");
}

/** A value as JSON in one line; nothing for what is not there. */
export function short(value, most = 300) {
  if (value === undefined) return "";
  const text = JSON.stringify(value);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

export const milliseconds = (ms) => (ms >= 10 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(1)} ms`);

export const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

export const badge = (word) => element("span", { class: `badge ${word.replaceAll("_", "-")}` }, word.replaceAll("_", " "));

// JSON in pieces, each as it is written: 1.0 stays 1.0, and a long number keeps all its digits, since nothing is read
// and written anew. The text has to be JSON: ask `JSON.parse` first.

const SPACE = /[\s]*/y;

function behindSpace(text, at) {
  SPACE.lastIndex = at;
  SPACE.exec(text);
  return SPACE.lastIndex;
}

function behindString(text, at) {
  for (at += 1; text[at] !== '"'; at += 1) if (text[at] === "\\") at += 1;
  return at + 1;
}

function behindValue(text, at) {
  if (text[at] === '"') return behindString(text, at);
  if (text[at] !== "{" && text[at] !== "[") {
    while (at < text.length && !",]} \t\r\n".includes(text[at])) at += 1;
    return at;
  }
  let depth = 0;
  do {
    const one = text[at];
    if (one === '"') at = behindString(text, at);
    else {
      if (one === "{" || one === "[") depth += 1;
      if (one === "}" || one === "]") depth -= 1;
      at += 1;
    }
  } while (depth);
  return at;
}

/** The members of an object (`[name, text]`), or the items of a list (texts), in their order. */
export function pieces(text) {
  let at = behindSpace(text, 0);
  const isObject = text[at] === "{";
  const found = [];
  at = behindSpace(text, at + 1);
  while (text[at] !== "}" && text[at] !== "]") {
    let name = null;
    if (isObject) {
      const end = behindString(text, at);
      name = JSON.parse(text.slice(at, end));
      at = behindSpace(text, behindSpace(text, end) + 1); // behind the colon
    }
    const end = behindValue(text, at);
    found.push(isObject ? [name, text.slice(at, end)] : text.slice(at, end));
    at = behindSpace(text, end);
    if (text[at] === ",") at = behindSpace(text, at + 1);
  }
  return found;
}

/** The text of a member of an object, at the end of these names; undefined where there is none. */
export function member(text, ...names) {
  for (const name of names) {
    text = pieces(text).findLast(([found]) => found === name)?.[1];
    if (text === undefined) return undefined;
  }
  return text;
}

/** An object of these members. */
export function object(members) {
  return `{${members.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
}

/** A text that is JSON, as the body of a call. */
export const asJson = (text) => new Blob([text], { type: "application/json" });

/** The same, set out for people. What is short stays on its line. */
export function setOut(text, indent = "") {
  text = text.trim();
  const isObject = text[0] === "{";
  if (!isObject && text[0] !== "[") return text;
  const found = pieces(text);
  if (!found.length) return isObject ? "{}" : "[]";
  const [open, close] = isObject ? ["{", "}"] : ["[", "]"];
  const written = (inner) => found.map((one) => (isObject ? `${JSON.stringify(one[0])}: ${setOut(one[1], inner)}` : setOut(one, inner)));
  const flat = `${open}${written("").join(", ")}${close}`;
  if (indent && !flat.includes("\n") && indent.length + flat.length <= 72) return flat;
  return `${open}\n${written(`${indent}  `).map((one) => `${indent}  ${one}`).join(",\n")}\n${indent}${close}`;
}

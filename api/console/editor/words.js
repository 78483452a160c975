// Completion of what a rule can name. The words are words.json, which is made of the sandbox's own tables, and those of
// the tenant that the page gives.
import { autocompletion } from "@codemirror/autocomplete";
import { localCompletionSource } from "@codemirror/lang-python";
import { syntaxTree } from "@codemirror/language";

/**
 * @typedef {{label: string, type: string, info?: string}} Word
 * @typedef {{names: Word[], modules: Word[], members: Record<string, Word[]>}} Language
 * @typedef {{configuration?: string[], modules?: Record<string, string[]>}} Tenant  Its modules with their names.
 */

const IMPORT = /^\s*(?:import|from)\s+(?:[\w.]+(?:\s+as\s+\w+)?\s*,\s*)*([\w.]*)$/;
const FROM = /^\s*from\s+([\w.]+)\s+import\s+[\w\s,(]*?(\w*)$/;
const ATTRIBUTE = /(?:^|[^\w.])([A-Za-z_]\w*(?:\.\w+)*)\.(\w*)$/;
const KEY = /(?:^|[^\w.])([A-Za-z_]\w*(?:\.\w+)*)(?:\[|\.get\()(["'])([\w-]*)$/;

/** @type {Promise<Language> | undefined} */
let language;

function load() {
  language ??= fetch(new URL("words.json", import.meta.url)).then((answer) => {
    if (!answer.ok) throw new Error(`words.json: status ${answer.status}`);
    return answer.json();
  });
  return language.catch(() => {
    language = undefined; // a later key asks again
    return { names: [], modules: [], members: {} };
  });
}

/** The dotted names that imports of the source bind: `import json as j` binds `j` to `json`. */
function imported(source) {
  const bound = new Map();
  for (const [, list] of source.matchAll(/^[ \t]*import[ \t]+(.+)$/gm))
    for (const part of list.split(",")) {
      const [, path, name] = /^\s*([\w.]+)(?:\s+as\s+(\w+))?/.exec(part) ?? [];
      if (name) bound.set(name, path);
      else if (path) bound.set(path.split(".")[0], path.split(".")[0]);
    }
  for (const [, path, list] of source.matchAll(/^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(.+)$/gm))
    for (const part of list.split(",")) {
      const [, member, name] = /^[\s(]*(\w+)(?:\s+as\s+(\w+))?/.exec(part) ?? [];
      if (member) bound.set(name ?? member, `${path}.${member}`);
    }
  return bound;
}

/** @param {Tenant} tenant */
function members(known, tenant, path) {
  if (path === "configuration")
    return [...(tenant.configuration ?? []).map((label) => ({ label, type: "constant" })), ...(known.members[path] ?? [])];
  const own = Object.hasOwn(tenant.modules ?? {}, path) ? tenant.modules[path] : null;
  if (own) return own.map((label) => ({ label, type: "variable" }));
  return Object.hasOwn(known.members, path) ? known.members[path] : [];
}

/** A name that the source binds itself, or a module that it has imported; anything else stands for itself. */
function resolve(path, source, known, tenant) {
  const [first, ...rest] = path.split(".");
  const bound = imported(source).get(first);
  if (bound) return [bound, ...rest].join(".");
  const modules = [...known.modules.map((word) => word.label), ...Object.keys(tenant.modules ?? {})];
  return modules.includes(first) ? "" : path;
}

const list = (from, options) => (options.length ? { from, options, validFor: /^[\w-]*$/ } : null);

/** @param {() => Tenant} tenantWords */
export function completions(tenantWords) {
  async function ours(context) {
    const { state, pos, explicit } = context;
    const line = state.doc.lineAt(pos);
    const text = line.text.slice(0, pos - line.from);
    const known = await load();
    const tenant = tenantWords();
    const source = state.doc.toString();
    const of = (path) => members(known, tenant, resolve(path, source, known, tenant));

    let found = FROM.exec(text);
    if (found) return list(pos - found[2].length, members(known, tenant, found[1]));
    found = IMPORT.exec(text);
    if (found) {
      const own = Object.keys(tenant.modules ?? {}).map((label) => ({ label, type: "namespace", info: "the tenant's own" }));
      return { from: pos - found[1].length, options: [...own, ...known.modules], validFor: /^[\w.]*$/ };
    }
    found = KEY.exec(text);
    if (found) return list(pos - found[3].length, of(found[1]).filter((word) => word.type !== "method"));
    if (inText(context)) return null;
    found = ATTRIBUTE.exec(text);
    if (found) return list(pos - found[2].length, of(found[1]));
    const from = context.matchBefore(/[A-Za-z_]\w*$/)?.from ?? pos;
    if ((from === pos && !explicit) || text.slice(0, from - line.from).endsWith(".")) return null;
    return list(from, known.names);
  }
  return autocompletion({ override: [ours, localCompletionSource], icons: false });
}

/** Inside the braces of an f-string is code. */
function inText({ state, pos }) {
  return ["String", "FormatString", "Comment"].includes(syntaxTree(state).resolveInner(pos, -1).name);
}

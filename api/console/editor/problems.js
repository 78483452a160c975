// Problems of POST /v1/rules/check, underlined where they are.
import { linter, setDiagnostics } from "@codemirror/lint";
import { ViewPlugin } from "@codemirror/view";

/**
 * @typedef {object} Problem  Lines and columns count from 1, columns in characters (code points, as in Python).
 * @property {number} line
 * @property {number} column
 * @property {number} [end_line]
 * @property {number} [end_column]  Behind the last character.
 * @property {string} code
 * @property {string} message
 * @property {"error" | "hint"} [severity]
 * @property {string} [replacement]
 */

const DELAY = 150; // milliseconds without a key, until the source is checked

/**
 * Where a column is in CodeMirror's count, which is in UTF-16 units.
 * @param {import("@codemirror/state").Text} doc
 */
export function offset(doc, line, column) {
  if (line > doc.lines) return doc.length;
  const found = doc.line(Math.max(line, 1));
  const before = [...found.text].slice(0, Math.max(column - 1, 0)).join("");
  return found.from + before.length;
}

/** Without an end: the word that begins there, or one character; at the end of a line the one before it. */
function range(doc, problem) {
  const from = offset(doc, problem.line, problem.column);
  if (problem.end_column) {
    const to = offset(doc, problem.end_line ?? problem.line, problem.end_column);
    return { from, to: Math.max(from, to) };
  }
  const line = doc.lineAt(from);
  const word = /^(?:[\p{L}\p{N}_]+|.)/u.exec(line.text.slice(from - line.from));
  if (word) return { from, to: from + word[0].length };
  return { from: from - ([...line.text].pop() ?? "").length, to: from };
}

function replace(replacement) {
  return {
    name: `Replace by ${replacement}`,
    apply(view, from, to) {
      view.dispatch({ changes: { from, to, insert: replacement }, userEvent: "input.replace" });
    },
  };
}

/** @param {Problem} problem */
function diagnostic(doc, problem) {
  return {
    ...range(doc, problem),
    severity: problem.severity === "hint" ? "hint" : "error",
    source: problem.code,
    message: problem.message,
    actions: problem.replacement === undefined ? [] : [replace(problem.replacement)],
  };
}

/**
 * Checks the source when the editor opens and after each change. An answer about a source that is no longer there is
 * not shown; when there is none, what was shown stays, and `onProblems(null)` says so.
 * @param {(source: string, signal: AbortSignal) => Promise<Problem[]>} check
 * @param {(problems: Problem[] | null) => void} [onProblems]
 */
export function problems(check, onProblems) {
  const plugin = ViewPlugin.define((view) => {
    let timer = 0;
    let going = new AbortController();

    async function ask() {
      const { signal } = going;
      let found;
      const asked = view.state.doc;
      try {
        found = await check(asked.toString(), signal);
      } catch {
        if (!signal.aborted) onProblems?.(null);
        return;
      }
      if (signal.aborted) return;
      view.dispatch(setDiagnostics(view.state, found.map((problem) => diagnostic(asked, problem))));
      onProblems?.(found);
    }

    function later(delay) {
      going.abort();
      going = new AbortController();
      clearTimeout(timer);
      timer = setTimeout(ask, delay);
    }

    later(0);
    return {
      update(update) {
        if (update.docChanged) later(DELAY);
      },
      destroy() {
        going.abort();
        clearTimeout(timer);
      },
      again: () => later(0),
    };
  });
  return { extension: [plugin, linter(null)], again: (view) => view.plugin(plugin)?.again() };
}

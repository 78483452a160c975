import { pythonLanguage } from "@codemirror/lang-python";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { basics, handle } from "./basics.js";
import { marks, setLine, setRan, setValues } from "./marks.js";
import { offset, problems } from "./problems.js";
import { shadow } from "./shadow.js";
import { completions } from "./words.js";

/**
 * An editor for a rule or a module.
 * @param {HTMLElement} element
 * @param {object} options
 * @param {string} options.doc
 * @param {string} options.label  What screen readers call it.
 * @param {(source: string) => void} [options.onChange]
 * @param {() => void} [options.onRun]  Ctrl-Enter, Cmd-Enter.
 * @param {() => void} [options.onSave]  Ctrl-S, Cmd-S.
 * @param {(source: string, signal: AbortSignal) => Promise<import("./problems.js").Problem[]>} [options.check]
 * @param {(problems: import("./problems.js").Problem[] | null) => void} [options.onProblems]
 * @param {import("./words.js").Tenant} [options.words]
 * @param {boolean} [options.readOnly]
 */
export function editor(element, options) {
  const { root, parent } = shadow(element);
  let words = options.words ?? {};
  const checked = options.check ? problems(options.check, options.onProblems) : null;
  const view = new EditorView({
    root,
    parent,
    state: EditorState.create({
      doc: options.doc,
      extensions: [
        basics(options),
        pythonLanguage,
        options.readOnly ? [] : completions(() => words),
        checked?.extension ?? [],
        marks,
      ],
    }),
  });
  return Object.assign(handle(view), {
    setRan: (ran, missed) => setRan(view, ran, missed),
    setLine: (line) => setLine(view, line),
    setValues: (values) => setValues(view, values),
    setWords: (given) => {
      words = given;
    },
    check: () => checked?.again(view),
    goTo(line, column = 1) {
      const at = offset(view.state.doc, line, column);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
      view.focus();
    },
  });
}

import { json as jsonLanguage, jsonParseLinter } from "@codemirror/lang-json";
import { linter } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { basics, handle } from "./basics.js";
import { shadow } from "./shadow.js";

const parsed = jsonParseLinter();

/**
 * An editor for a transaction or a case.
 * @param {HTMLElement} element
 * @param {object} options
 * @param {string} options.doc
 * @param {string} options.label
 * @param {(text: string) => void} [options.onChange]
 * @param {() => void} [options.onRun]
 * @param {() => void} [options.onSave]
 * @param {boolean} [options.readOnly]
 */
export function json(element, options) {
  const { root, parent } = shadow(element);
  const view = new EditorView({
    root,
    parent,
    state: EditorState.create({
      doc: options.doc,
      extensions: [
        basics(options),
        jsonLanguage(),
        // An empty text is not wrong yet.
        linter((view) => (view.state.doc.length ? parsed(view) : []), { delay: 150 }),
      ],
    }),
  });
  return handle(view);
}

import { pythonLanguage } from "@codemirror/lang-python";
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { shadow } from "./shadow.js";
import { theme } from "./theme.js";

const WIDE = 760; // pixels, from which both stand side by side
const COLLAPSE = { margin: 3, minSize: 6 };

/** Nobody can write in it, and the keyboard reaches it to scroll. */
function reading(label) {
  return [
    lineNumbers(),
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.contentAttributes.of({ "aria-label": label, "aria-readonly": "true", tabindex: "0" }),
    pythonLanguage,
    theme,
  ];
}

/**
 * What changed from one source to another: side by side where there is room, else one below the other.
 * @param {HTMLElement} element
 * @param {{before: string, after: string, label: string}} options
 */
export function diff(element, { before, after, label }) {
  const { root, parent } = shadow(element);
  let view = null;
  let wide = null;

  function show() {
    const now = element.clientWidth >= WIDE;
    if (now === wide) return;
    wide = now;
    view?.destroy();
    view = wide ? sideBySide() : unified();
  }

  function sideBySide() {
    return new MergeView({
      root,
      parent,
      a: { doc: before, extensions: reading(`${label}: before`) },
      b: { doc: after, extensions: reading(`${label}: after`) },
      collapseUnchanged: COLLAPSE,
    });
  }

  function unified() {
    return new EditorView({
      root,
      parent,
      doc: after,
      extensions: [
        reading(label),
        unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: COLLAPSE }),
      ],
    });
  }

  show();
  const watched = new ResizeObserver(show);
  watched.observe(element);
  return {
    destroy() {
      watched.disconnect();
      view.destroy();
    },
  };
}

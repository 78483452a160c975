// Keys that the pages give a meaning to, and the way out of the editor without a mouse (WCAG 2.1.2).
import { indentWithTab, simplifySelection } from "@codemirror/commands";
import { Prec } from "@codemirror/state";
import { EditorView, keymap, showPanel } from "@codemirror/view";

let hints = 0;

/**
 * @param {{onRun?: () => void, onSave?: () => void}} calls
 */
export function pageKeys({ onRun, onSave }) {
  const bound = [
    ["Mod-Enter", onRun],
    ["Mod-s", onSave],
  ];
  return Prec.highest(
    keymap.of(
      bound
        .filter(([, call]) => call)
        .map(([key, call]) => ({
          key,
          preventDefault: true,
          run: () => {
            call();
            return true;
          },
        })),
    ),
  );
}

/** Tab indents. After Escape, when it has nothing to close, the next Tab leaves; any other key takes that back. It stands
 * behind the keys that close something. */
export function tab() {
  let leaving = false;
  const leave = (view, on) => {
    if (leaving === on) return;
    leaving = on;
    view.setTabFocusMode(on);
  };
  return [
    keymap.of([
      {
        key: "Escape",
        run: (view) => {
          simplifySelection(view);
          leave(view, true);
          return true;
        },
      },
      indentWithTab,
    ]),
    Prec.highest(
      EditorView.domEventHandlers({
        keydown(event, view) {
          if (!["Escape", "Tab", "Shift"].includes(event.key)) leave(view, false);
        },
        blur(event, view) {
          leave(view, false);
        },
      }),
    ),
  ];
}

/** Says below the source how Tab leaves it, and to screen readers at its field. */
export function tabHint() {
  const id = `editor-hint-${++hints}`;
  const panel = () => {
    const dom = document.createElement("div");
    dom.id = id;
    dom.className = "cm-tab-hint";
    dom.textContent = "Tab indents. Esc, then Tab leaves the editor.";
    return { dom };
  };
  return [showPanel.of(panel), EditorView.contentAttributes.of({ "aria-describedby": id })];
}

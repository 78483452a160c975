// Colours are custom properties that the page may set (`--editor-...`); without them the two values below are taken by
// the page's `color-scheme`. So light and dark change without a script.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

// name: [light, dark]. tests/console/test_editor.py measures their contrast.
const COLOURS = {
  text: ["#1c2127", "#e4e8ec"],
  quiet: ["#55606c", "#a3adb8"],
  page: ["#ffffff", "#14181c"],
  panel: ["#f4f6f8", "#1d2329"],
  line: ["#d5dbe1", "#343c45"],
  accent: ["#0b57a4", "#7db8f0"],
  selection: ["#cfe3f8", "#22405c"],
  active: ["#f4f6f8", "#1d2329"],
  found: ["#ffe9a8", "#4d3f10"],
  match: ["#dceedd", "#24402a"],
  keyword: ["#8a1f6a", "#e39ad0"],
  string: ["#1b6331", "#8ccf9f"],
  number: ["#7a4300", "#e6b877"],
  comment: ["#4d5762", "#adb7c1"],
  name: ["#0b4f96", "#86bdf2"],
  error: ["#a1260d", "#f08a73"],
  hint: ["#6b4700", "#e0b060"],
  ran: ["#1b6b3a", "#7cc795"],
  missed: ["#a1260d", "#f08a73"],
  current: ["#fff4cf", "#3d3413"],
  value: ["#5a3f8f", "#c3aeea"],
  added: ["#e3f4e6", "#16301f"],
  removed: ["#fbe7e3", "#3a1c17"],
  changed: ["#bfe3c6", "#1f4527"],
  lost: ["#f6c9c0", "#66291f"],
};

/** @param {keyof typeof COLOURS} name */
export function colour(name) {
  const [light, dark] = COLOURS[name];
  return `var(--editor-${name}, light-dark(${light}, ${dark}))`;
}

const wavy = (name) => ({
  backgroundImage: "none",
  textDecoration: `underline wavy ${colour(name)}`,
  textUnderlineOffset: "3px",
});

const TARGET = "24px"; // the least size of what is pressed: WCAG 2.5.8

const focus = { outline: `2px solid ${colour("accent")}`, outlineOffset: "-2px" };

const look = EditorView.theme({
  "&": {
    color: colour("text"),
    backgroundColor: colour("page"),
    border: `1px solid ${colour("line")}`,
    fontSize: "var(--editor-font-size, 0.875rem)",
    height: "var(--editor-height, auto)",
    maxHeight: "var(--editor-max-height, none)",
  },
  "&.cm-focused": focus,
  ".cm-scroller": { fontFamily: "var(--editor-font, ui-monospace, monospace)", lineHeight: "1.5" },
  ".cm-content": { caretColor: colour("text"), minHeight: "var(--editor-min-height, 3rem)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: colour("text") },
  "& .cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    background: colour("selection"),
  },
  ".cm-activeLine": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: `color-mix(in srgb, ${colour("active")} 60%, transparent)` },
  ".cm-gutters": { color: colour("quiet"), backgroundColor: colour("panel"), borderRight: `1px solid ${colour("line")}` },
  ".cm-activeLineGutter": { color: colour("text"), backgroundColor: "transparent" },
  ".cm-foldPlaceholder": { color: colour("quiet"), backgroundColor: "transparent", borderColor: colour("line") },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: colour("match") },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: colour("removed") },
  ".cm-selectionMatch": { backgroundColor: colour("match") },
  ".cm-searchMatch": { backgroundColor: colour("found"), outline: `1px solid ${colour("line")}` },
  ".cm-searchMatch-selected": { outline: `2px solid ${colour("accent")}` },
  ".cm-panels": { color: colour("text"), backgroundColor: colour("panel") },
  ".cm-panels-top": { borderBottom: `1px solid ${colour("line")}` },
  ".cm-panels-bottom": { borderTop: `1px solid ${colour("line")}` },
  ".cm-tab-hint": { padding: "0 0.5rem", fontSize: "0.75rem", color: colour("quiet") },
  ".cm-button": {
    color: colour("text"),
    backgroundColor: colour("page"),
    backgroundImage: "none",
    border: `1px solid ${colour("quiet")}`,
    "&:active": { backgroundImage: "none" },
  },
  ".cm-textfield": { color: colour("text"), backgroundColor: colour("page"), border: `1px solid ${colour("quiet")}` },
  ".cm-button:focus-visible, .cm-textfield:focus-visible": focus,
  ".cm-panel.cm-search": {
    fontFamily: "var(--editor-label-font, system-ui, sans-serif)",
    "& label, & .cm-button, & .cm-textfield": { fontSize: "0.8125rem", minHeight: TARGET },
    "& label": { display: "inline-flex", alignItems: "center", gap: "0.25rem", padding: "0 0.25rem" },
    "& [type=checkbox]": { margin: "0" },
  },
  ".cm-panel [name=close]": { color: colour("text"), minWidth: TARGET, minHeight: TARGET },
  ".cm-panel-lint, .cm-tooltip, .cm-tab-hint": { fontFamily: "var(--editor-label-font, system-ui, sans-serif)" },
  ".cm-tooltip": {
    color: colour("text"),
    backgroundColor: colour("panel"),
    border: `1px solid ${colour("quiet")}`,
    maxWidth: "min(36rem, 90vw)",
    overflowWrap: "anywhere",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": {
    fontFamily: "var(--editor-font, ui-monospace, monospace)",
    maxHeight: "14rem",
    "& > li": { minHeight: TARGET, lineHeight: TARGET },
  },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { color: colour("page"), backgroundColor: colour("accent") },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionIcon": { opacity: "1" },
  ".cm-diagnostic-error": { borderLeftColor: colour("error") },
  ".cm-diagnostic-hint": { borderLeftColor: colour("hint") },
  ".cm-diagnosticText": { whiteSpace: "pre-wrap" },
  ".cm-diagnosticSource": { color: colour("quiet"), opacity: "1" },
  ".cm-diagnosticAction": {
    color: colour("page"),
    backgroundColor: colour("accent"),
    font: "inherit",
    margin: "0.25rem 0 0 0",
    display: "block",
    minHeight: TARGET,
  },
  ".cm-lintRange-error": wavy("error"),
  ".cm-lintRange-hint": wavy("hint"),
  ".cm-lintPoint-error:after": { borderBottomColor: colour("error") },
  ".cm-lintPoint-hint:after": { borderBottomColor: colour("hint") },
  ".cm-lintRange-active": { backgroundColor: colour("found") },
  ".cm-panel.cm-panel-lint": {
    "& ul [aria-selected]": { color: colour("text"), backgroundColor: colour("selection") },
    "& ul:focus [aria-selected]": { color: colour("text"), backgroundColor: colour("selection") },
  },
  ".cm-ran-gutter": { width: "6px" },
  ".cm-ran": { display: "block", width: "4px", height: "100%", backgroundColor: colour("ran") },
  ".cm-missed": { display: "block", width: "0", height: "100%", borderLeft: `4px dotted ${colour("missed")}` },
  ".cm-line.cm-current": { backgroundColor: colour("current"), boxShadow: `inset 3px 0 ${colour("hint")}` },
  ".cm-value": {
    color: colour("value"),
    fontStyle: "italic",
    paddingLeft: "2rem",
    whiteSpace: "pre-wrap",
    overflowWrap: "anywhere",
  },
  ".cm-merge-spacer": { backgroundColor: colour("panel") },
  ".cm-changedLine, &.cm-merge-b .cm-changedLine, .cm-inlineChangedLine": { backgroundColor: colour("added") },
  "&.cm-merge-a .cm-changedLine, .cm-deletedChunk": { backgroundColor: colour("removed") },
  "& .cm-changedText, &.cm-merge-b .cm-changedText": { background: colour("changed") },
  "&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText": { background: colour("lost") },
  ".cm-insertedLine, .cm-deletedLine, .cm-deletedLine del": { textDecoration: "none" },
  ".cm-changedLineGutter, &.cm-merge-b .cm-changedLineGutter": { background: colour("ran") },
  ".cm-deletedLineGutter, &.cm-merge-a .cm-changedLineGutter": { background: colour("missed") },
  ".cm-collapsedLines": {
    color: colour("quiet"),
    background: colour("panel"),
    "&:before, &:after": { color: colour("quiet"), content: "'…'" },
  },
});

const tokens = HighlightStyle.define([
  { tag: [tags.keyword, tags.bool, tags.null, tags.self, tags.operatorKeyword], color: colour("keyword") },
  { tag: [tags.string, tags.special(tags.string), tags.character, tags.escape], color: colour("string") },
  { tag: tags.number, color: colour("number") },
  { tag: [tags.comment, tags.meta], color: colour("comment"), fontStyle: "italic" },
  {
    tag: [tags.definition(tags.variableName), tags.function(tags.definition(tags.variableName)), tags.className],
    color: colour("name"),
    fontWeight: "600",
  },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: colour("name") },
  { tag: [tags.definition(tags.propertyName)], color: colour("name") },
  { tag: tags.invalid, color: colour("error") },
]);

export const theme = [look, syntaxHighlighting(tokens)];

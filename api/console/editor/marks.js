// What a run says about the source: which lines ran, where it stands, and values. It is about the source that ran: the
// first change of the source takes it away.
import { RangeSet, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, GutterMarker, WidgetType, gutter } from "@codemirror/view";

const ranEffect = StateEffect.define();
const lineEffect = StateEffect.define();
const valuesEffect = StateEffect.define();

class LineMark extends GutterMarker {
  constructor(kind, title) {
    super();
    this.kind = kind;
    this.title = title;
  }
  eq(other) {
    return other.kind === this.kind;
  }
  toDOM() {
    const mark = document.createElement("span");
    mark.className = `cm-${this.kind}`;
    mark.title = this.title;
    return mark;
  }
}

const RAN = new LineMark("ran", "this line ran");
const MISSED = new LineMark("missed", "this line did not run");

class Value extends WidgetType {
  constructor(text) {
    super();
    this.text = text;
  }
  eq(other) {
    return other.text === this.text;
  }
  toDOM() {
    const value = document.createElement("span");
    value.className = "cm-value";
    value.textContent = this.text;
    return value;
  }
}

const current = Decoration.line({ class: "cm-current", attributes: { "aria-current": "step" } });

/** Of lines that count from 1, those that the document has. */
const there = (doc, lines) => lines.filter((line) => line >= 1 && line <= doc.lines);

function field(effect, build, provide) {
  return StateField.define({
    create: () => RangeSet.empty,
    update(marks, transaction) {
      let now = transaction.docChanged ? RangeSet.empty : marks;
      for (const found of transaction.effects)
        if (found.is(effect)) now = found.value === null ? RangeSet.empty : build(transaction.state.doc, found.value);
      return now;
    },
    provide,
  });
}

const ranField = field(ranEffect, (doc, { ran, missed }) => {
  const rows = [
    ...there(doc, ran).map((line) => RAN.range(doc.line(line).from)),
    ...there(doc, missed).map((line) => MISSED.range(doc.line(line).from)),
  ];
  return RangeSet.of(rows, true);
});

const lineField = field(
  lineEffect,
  (doc, line) => Decoration.set(there(doc, [line]).map((number) => current.range(doc.line(number).from))),
  (from) => EditorView.decorations.from(from),
);

const valuesField = field(
  valuesEffect,
  (doc, values) =>
    Decoration.set(
      values
        .filter(({ line }) => there(doc, [line]).length)
        .map(({ line, text }) => Decoration.widget({ widget: new Value(text), side: 1 }).range(doc.line(line).to)),
      true,
    ),
  (from) => EditorView.decorations.from(from),
);

export const marks = [
  ranField,
  lineField,
  valuesField,
  gutter({ class: "cm-ran-gutter", markers: (view) => view.state.field(ranField) }),
];

/** @param {number[] | null} ran  @param {number[]} [missed] */
export function setRan(view, ran, missed = []) {
  view.dispatch({ effects: ranEffect.of(ran === null ? null : { ran, missed }) });
}

/** @param {number | null} line */
export function setLine(view, line) {
  const effects = [lineEffect.of(line)];
  const { doc } = view.state;
  if (line !== null && there(doc, [line]).length)
    effects.push(EditorView.scrollIntoView(doc.line(line).from, { y: "nearest", yMargin: 48 }));
  view.dispatch({ effects });
}

/** @param {{line: number, text: string}[] | null} values */
export function setValues(view, values) {
  view.dispatch({ effects: valuesEffect.of(values) });
}

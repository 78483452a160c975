// A recorded execution as lines to walk along: what each saw, changed and wrote. No page in here.

const NAME = /^[\p{L}_][\p{L}\p{N}_]*$/u;
const MODULE = "<module>";
export const TOKENS = { idToken: "ID token", accessToken: "access token" };

/** `told` as `GET /v1/executions/{id}/timeline` answers, `record` as `GET /v1/executions/{id}`. A place is the line that
 * runs next, from 0; the last place is the end, behind all lines. */
export class Timeline {
  constructor(told, record) {
    this.told = told;
    this.lines = told.lines;
    this.record = record;
    this.starts = starts(this.lines); // where each rule begins: a rule runs once
    this.writes = this.lines.map(() => []); // those of each line itself, not of its calls
    const by = new Map(record.steps.map((step) => [step.rule, step]));
    this.starts.forEach((start, number) => {
      const step = by.get(this.lines[start].rule);
      if (step) attribute(this.lines, start, this.starts[number + 1] ?? this.lines.length, step.writes, this.writes);
    });
    this.frames = frames(this.lines);
  }

  /** The step of the line at a place. */
  step(place) {
    return this.record.steps.find((step) => step.rule === this.lines[place].rule);
  }

  /** The text of the rule's lines that ran, by their numbers. */
  ran(rule) {
    return new Map(this.lines.filter((line) => line.rule === rule).map((line) => [line.line, line.source ?? ""]));
  }

  /** What is known of the variables just before this line runs: those of its function, and of the script. */
  variables(place) {
    const here = this.lines[place];
    const found = new Map();
    for (let earlier = 0; earlier <= place; earlier += 1) {
      const line = this.lines[earlier];
      const ofScript = line.rule === here.rule && line.function === MODULE;
      if (this.frames[earlier] !== this.frames[place] && !ofScript) continue;
      for (const [name, value] of Object.entries(line.values)) if (NAME.test(name)) found.set(name, value);
      if (earlier < place) for (const [name, value] of Object.entries(line.changed)) found.set(name, value);
    }
    return found;
  }

  /** What stands behind the lines of the call that is going on, by their numbers: what each changed when it ran last, and
   * of the one that runs next, what it sees. */
  beside(place) {
    const found = new Map();
    for (let earlier = 0; earlier < place; earlier += 1) {
      const line = this.lines[earlier];
      if (this.frames[earlier] === this.frames[place]) found.set(line.line, said(line.changed, "="));
    }
    found.set(this.lines[place].line, said(this.lines[place].values, "is"));
    return new Map([...found].filter(([, text]) => text));
  }

  /** The claims of a token just before this line runs: those that came, and what was written since. At the end, those
   * that it carries. */
  claims(place, token) {
    if (place >= this.lines.length) return isObject(this.record[token]) ? this.record[token] : {};
    const context = this.record.transaction.context;
    const given = context?.[token];
    const now = { context: { [token]: isObject(given) ? structuredClone(given) : {} } };
    const here = this.lines[place].rule;
    for (const step of this.record.steps) {
      if (step.rule === here) break;
      for (const write of step.writes) if (!write.rolled_back) apply(now, write, token);
    }
    const start = Math.max(...this.starts.filter((one) => one <= place));
    for (let earlier = start; earlier < place; earlier += 1) {
      for (const write of this.writes[earlier]) apply(now, write, token);
    }
    return isObject(now.context[token]) ? now.context[token] : {};
  }

  /** The nearest place in a direction (1 or -1) whose line writes something; null where there is none. */
  written(place, by) {
    for (let at = place + by; at >= 0 && at < this.lines.length; at += by) if (this.writes[at].length) return at;
    return null;
  }

  /** Where the next rule begins (1), or this one, or from its beginning the one before (-1); null where there is none. */
  rule(place, by) {
    if (by > 0) return this.starts.find((start) => start > place) ?? null;
    return this.starts.filter((start) => start < place).pop() ?? null;
  }
}

/** The names of a JSON Pointer (RFC 6901). */
export function parts(pointer) {
  return pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** A JSON Pointer as rules write it. */
export function spelt(pointer) {
  const [first, ...others] = parts(pointer);
  return first + others.map((part) => (NAME.test(part) ? `.${part}` : /^\d+$/.test(part) ? `[${part}]` : `[${JSON.stringify(part)}]`)).join("");
}

const said = (values, word) => Object.entries(values).map(([name, value]) => `${name} ${word} ${value}`).join(", ");

function starts(lines) {
  return lines.flatMap((line, place) => (place === 0 || lines[place - 1].rule !== line.rule ? [place] : []));
}

/** Give each line the writes that it made: they are told in the order in which they were made, and a line may write
 * before, between and after the calls in it, which are told behind it. */
function attribute(lines, start, end, writes, to) {
  const left = [...writes];
  const own = lines.map((line) => line.writes);
  const give = (place, onlyItsLine) => {
    while (left.length && own[place] > 0 && !(onlyItsLine && left[0].line !== lines[place].line)) {
      to[place].push(left.shift());
      own[place] -= 1;
    }
  };
  const around = []; // the lines whose calls are going on
  for (let place = start; place < end; place += 1) {
    while (around.length && lines[around.at(-1)].depth >= lines[place].depth) give(around.pop(), false);
    if (around.length) give(around.at(-1), true); // what it wrote before this call
    around.push(place);
  }
  while (around.length) give(around.pop(), false);
}

/** For each line a number of the call that it belongs to. */
function frames(lines) {
  const calls = [];
  let number = 0;
  return lines.map((line) => {
    while (calls.length && (calls.at(-1).line.depth > line.depth || calls.at(-1).line.rule !== line.rule)) calls.pop();
    const before = calls.at(-1)?.line.depth === line.depth ? calls.pop() : null;
    const same = before && before.line.function === line.function && before.line.returned == null;
    const call = { line, number: same ? before.number : (number += 1) };
    calls.push(call);
    return call.number;
  });
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** Do a write to what there is of a token. Names are anybody's, `__proto__` too. */
function apply(now, write, token) {
  const path = parts(write.path);
  if (path[0] !== "context" || path[1] !== token) return;
  let holder = now;
  for (const part of path.slice(0, -1)) {
    if (holder === null || typeof holder !== "object" || !Object.hasOwn(holder, part)) return;
    holder = holder[part];
  }
  if (holder === null || typeof holder !== "object") return;
  const last = path.at(-1);
  if (write.op !== "remove") {
    const value = structuredClone(write.new);
    Object.defineProperty(holder, last, { value, writable: true, enumerable: true, configurable: true });
  } else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
}

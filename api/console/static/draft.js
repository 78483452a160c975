// A rule as somebody is writing it, beside how it is saved and how it is live.
import { get, keep, kept } from "/console/static/console.js";

const scopes = JSON.parse(document.getElementById("work").dataset.scopes);
const LISTS = ["clients", "connections", "protocols"];

/** Whether the person who is signed in has this scope. */
export const allows = (scope) => scopes.includes(scope) || scopes.includes("admin");

/** An address of the API, each part one segment whatever it contains. */
export const address = (...parts) => `/v1/${parts.map(encodeURIComponent).join("/")}`;

/** What of a rule can be changed, in one form: equal rules have equal texts. */
export function fieldsOf(rule) {
  const given = rule.conditions ?? {};
  const conditions = {};
  for (const name of LISTS) if (given[name]?.length) conditions[name] = given[name];
  if (given.without_user) conditions.without_user = true;
  const { name, order = null, enabled = true, on_failure = "deny", script } = rule;
  return { name, order, enabled, on_failure, conditions, script };
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

export class Draft {
  /** `rule` as the API shows it; without an `id` it is nowhere saved yet. */
  constructor(rule, etag, template) {
    this.place = template ? `rule:new:${template}` : "rule:new";
    this.begin = fieldsOf(rule);
    this.known(rule, etag);
    this.fields = structuredClone(this.saved ?? this.begin);
    this.listeners = [];
    this.isKept = true;
  }

  /** This is how the service has it now. */
  known(rule, etag) {
    this.id = rule.id ?? null;
    this.etag = etag;
    this.created = rule.created_at ?? "9999";
    this.revision = rule.revision ?? null;
    this.saved = this.id ? fieldsOf(rule.draft ?? rule) : null;
    this.live = rule.live ? fieldsOf(rule) : null;
    this.version = rule.version ?? null;
    if (this.id) this.place = `rule:${this.id}`;
  }

  /** What is kept in this browser. */
  get keptNow() {
    return JSON.parse(kept(this.place) ?? "null");
  }

  /** Keeps it, with these texts of cases (null: as they are saved), until it is saved. */
  keep(cases) {
    const unsaved = this.differs || cases !== null;
    const text = unsaved ? JSON.stringify({ at: Date.now(), etag: this.etag, fields: this.fields, cases }) : null;
    keep(this.place, text);
    this.isKept = kept(this.place) === text; // a browser may keep nothing, or have no room
  }

  /** Whether it is another than what is saved; a new one, than what it began with. */
  get differs() {
    return !same(this.fields, this.saved ?? this.begin);
  }

  /** Whether deploying would change what is live. */
  get isLive() {
    return same(this.fields, this.live);
  }

  /** The fields that are others than in `before`, by their names. */
  changes(before) {
    return Object.keys(this.fields).filter((name) => !same(this.fields[name], before?.[name]));
  }

  set(name, value) {
    if (same(this.fields[name], value)) return;
    this.fields[name] = value;
    this.told();
  }

  told() {
    for (const listener of this.listeners) listener();
  }

  /** As `/v1/try` and `/v1/impact` take a rule. */
  get rule() {
    const { name, script, on_failure, conditions } = this.fields;
    return { name: name || "draft", script, on_failure, conditions };
  }

  /**
   * What would be live if this were deployed: `rules` as they are sent, `ids` of each (null for one that is new), and
   * the number of the `revision` that it is about.
   */
  async pipeline() {
    const { revision, rules } = await get("/v1/rules");
    const entries = rules.filter((rule) => rule.live && rule.enabled && rule.id !== this.id)
      .map((rule) => ({ id: rule.id, order: rule.order, created: rule.created_at, rule: sent(rule) }));
    const { enabled, order } = this.fields;
    if (enabled) entries.push({ id: this.id, order: order ?? Infinity, created: this.created, rule: this.rule });
    entries.sort((one, other) => one.order - other.order || (one.created < other.created ? -1 : 1));
    return { revision, rules: entries.map((entry) => entry.rule), ids: entries.map((entry) => entry.id) };
  }

  /** What somebody has looked at: exactly this, on top of that revision. */
  at(revision) {
    return JSON.stringify([revision, this.fields]);
  }
}

/** A live rule as `/v1/try` and `/v1/impact` take it. */
export const sent = ({ name, script, on_failure, conditions }) => ({ name, script, on_failure, conditions });

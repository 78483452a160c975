// Nothing is lost: what was not saved, what was put aside, and what somebody else has saved meanwhile.
import { ago, call, element, get, keep, kept } from "/console/static/console.js";
import { difference } from "/console/static/deploying.js";
import { address, fieldsOf } from "/console/static/draft.js";

const button = (text, onclick, kind = "") => element("button", { type: "button", class: kind, onclick }, text);

/**
 * What the page of `draft` offers above the editor. `take(fields)` writes other fields into the page, `failed(error)` says
 * what went wrong.
 */
export function keeping(draft, { cases, take, failed }) {
  const offers = document.getElementById("offer");
  const conflicts = document.getElementById("conflict");

  const putAside = (fields) => keep(`${draft.place}:aside`, fields && JSON.stringify([Date.now(), fields]));

  function offer(text, buttons, compared) {
    const shows = element("div", {});
    const show = button("Show the difference", () => shows.replaceChildren(difference(...compared)));
    offers.replaceChildren(element("div", { class: "notice" }, element("p", {}, text), element("div", { class: "buttons" }, show, ...buttons), shows));
  }

  /** What was kept at this time is in the page again: it can be left for what is saved. */
  function keptOffer(at) {
    const now = draft.saved ?? draft.begin;
    offer(`What you had not saved ${ago(new Date(at))} was kept in this browser, and is here again.`, [
      button(draft.saved ? "Use what is saved instead" : "Begin anew", () => {
        putAside(draft.fields);
        take(now);
        cases.load(draft.id).then(() => draft.told(), failed);
        asideOffer();
      }),
    ], [now, draft.fields, [draft.saved ? "What is saved" : "What it began with", "Yours"]]);
  }

  /** What was put aside, where something was. */
  function asideOffer() {
    const [at, fields] = JSON.parse(kept(`${draft.place}:aside`) ?? "[]");
    if (!at) return;
    const end = (act) => () => {
      offers.replaceChildren();
      putAside(null);
      act?.();
    };
    offer(`A version of yours was put aside in this browser ${ago(new Date(at))}.`,
      [button("Bring it back", end(() => take(fields))), button("Throw it away", end(), "bad")],
      [draft.fields, fields, ["What is here", "Put aside"]]);
  }

  function show(title, text, ...more) {
    conflicts.replaceChildren(element("section", { class: "warning", "aria-labelledby": "conflict-title" },
      element("div", { role: "alert" }, element("h2", { id: "conflict-title" }, title), element("p", {}, text)), ...more));
    conflicts.scrollIntoView({ block: "nearest" });
  }

  /** Somebody else has saved the rule: both versions, and which to go on with. Throws as `call` does. */
  async function conflict() {
    const response = await call("GET", address("rules", draft.id));
    const [rule, etag] = [await response.json(), response.headers.get("etag")];
    const other = rule.draft ?? rule;
    const newest = await get(address("rules", draft.id, "versions")).then(({ versions }) => versions[0]).catch(() => null);
    const by = newest && newest.version === other.version && newest.version !== draft.version ? ` (${newest.created_by}, version ${newest.version})` : "";
    show(`Somebody else has saved this rule meanwhile${by}`,
      "Nothing of yours is lost, and nothing of theirs. Here are both: what was saved, and what you have written.",
      difference(fieldsOf(other), draft.fields, ["What was saved", "Yours"]),
      element("div", { class: "buttons" },
        button("Go on with mine", () => {
          conflicts.replaceChildren();
          draft.known(rule, etag);
          draft.told();
        }, "main"),
        button("Take what was saved, and put mine aside", () => {
          conflicts.replaceChildren();
          putAside(draft.fields);
          draft.known(rule, etag);
          take(draft.saved);
          asideOffer();
        })));
  }

  /** The same of the cases: those of both can be put together. */
  function casesConflict() {
    const end = (act) => async () => {
      try {
        await act();
        conflicts.replaceChildren();
        draft.told();
      } catch (error) {
        failed(error);
      }
    };
    show("Somebody else has changed the cases meanwhile", "Yours are still here, and not saved yet.", element("div", { class: "buttons" },
      button("Put both together, to be saved then", end(async () => {
        const mine = cases.texts;
        await cases.load(draft.id);
        const theirs = cases.texts;
        cases.set([...theirs, ...mine.filter((text) => !theirs.includes(text))]);
      })),
      button("Put mine in their place", end(() => cases.save(draft.id, true)))));
  }

  return { kept: keptOffer, aside: asideOffer, conflict, casesConflict };
}

// The screen on which a login is tried with rules as they are stored.
import { alarm, element, get, tenant } from "/console/static/console.js";
import { allows } from "/console/static/draft.js";
import { trying } from "/console/static/trying.js";

const panel = document.getElementById("trying");
const asked = new URLSearchParams(location.search);
const home = `/console/t/${encodeURIComponent(tenant)}`;

const plain = ({ name, script, on_failure, conditions }) => ({ name, script, on_failure, conditions });
const rule = element("select", { name: "rule", "aria-label": "The rule" });
const ways = [
  ["The live rules", async () => ({ ids: [], body: {} })],
];

async function start() {
  if (allows("rules:read")) {
    const { rules } = await get("/v1/rules");
    const waits = rules.some((one) => one.draft || !one.live);
    const saved = rules.map((one) => ({ id: one.id, ...(one.draft ?? one) }));
    if (waits) ways.push(["All rules as they are saved, what is not live included", async () => {
      const those = saved.filter((one) => one.enabled).sort((one, other) => one.order - other.order);
      return { ids: those.map((one) => one.id), body: { rules: those.map(plain) } };
    }]);
    if (rules.length) {
      rule.append(...saved.map((one) => element("option", { value: one.id, selected: one.id === asked.get("rule") }, one.name)));
      ways.push(["One rule alone", async () => ({ ids: [rule.value], body: { rules: [plain(saved.find((one) => one.id === rule.value))] } })]);
    }
  }
  const more = rule.options.length ? element("div", { class: "filters" }, element("label", {}, "The rule, where one runs alone", rule)) : null;
  const tried = trying(panel, {
    ways, place: "try", more,
    toLine(id, name, line) {
      const text = name ? `${name}, line ${line}` : `line ${line}`;
      return id ? element("a", { href: `${home}/rules/${encodeURIComponent(id)}#L${line}` }, text) : element("span", {}, text);
    },
  });
  if (asked.has("rule") && rule.options.length) panel.querySelector(`[name=what-runs][value="${ways.length - 1}"]`).checked = true;
  rule.addEventListener("change", () => { panel.querySelector(`[name=what-runs][value="${ways.length - 1}"]`).checked = true; });
  if (asked.has("execution")) await tried.take(asked.get("execution"));
}

start().catch(alarm);

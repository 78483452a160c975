// What the tenant's own rules can name, for completion.
import { get } from "/console/static/console.js";
import { allows } from "/console/static/draft.js";

const NAMES = /^(?:def |class )?([A-Za-z]\w*)\s*(?:\(|=[^=]|:)/gm;
const KEYWORDS = ["if", "for", "while", "try", "with", "else", "match"];

/** Names of the configuration, and of what each module has, as far as this person may read them. */
export async function words() {
  const own = { configuration: [], modules: {} };
  if (allows("rules:read"))
    for (const { name, script } of (await get("/v1/modules")).modules)
      own.modules[name] = [...script.matchAll(NAMES)].map((found) => found[1]).filter((found) => !KEYWORDS.includes(found));
  if (allows("configuration:write")) own.configuration = (await get("/v1/configuration")).values.map((one) => one.key);
  return own;
}

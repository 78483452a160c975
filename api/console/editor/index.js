// What the console's pages import from /console/static/editor.js. README.md says how.
export { diff } from "./diff.js";
export { editor } from "./editor.js";
export { json } from "./json.js";

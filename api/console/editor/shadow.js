// CodeMirror writes its styles into the root that it stands in: as a <style> element in a document, which the page's
// policy (`style-src 'self'`) blocks, and by `adoptedStyleSheets` in a shadow root, which it allows.

/**
 * Makes the element the host of an editor. What was in it is shown no more.
 * @param {HTMLElement} element
 * @returns {{root: ShadowRoot, parent: HTMLElement}}
 */
export function shadow(element) {
  const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
  const parent = document.createElement("div");
  parent.className = "editor";
  root.replaceChildren(parent);
  return { root, parent };
}

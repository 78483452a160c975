// Tabs (WAI-ARIA): the arrow keys go from one to the next.

/** Makes the buttons in `list` tabs, each for the panel that its `aria-controls` names; `show(id)` opens one. */
export function tabs(list) {
  const buttons = [...list.querySelectorAll("[role=tab]")];

  function show(id, focus = false) {
    for (const button of buttons) {
      const open = button.getAttribute("aria-controls") === id;
      button.setAttribute("aria-selected", String(open));
      button.tabIndex = open ? 0 : -1;
      document.getElementById(button.getAttribute("aria-controls")).hidden = !open;
      if (open && focus) button.focus();
    }
  }

  list.addEventListener("click", (event) => {
    const button = event.target.closest("[role=tab]");
    if (button) show(button.getAttribute("aria-controls"));
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = (buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length;
    show(buttons[next].getAttribute("aria-controls"), true);
  });
  return show;
}

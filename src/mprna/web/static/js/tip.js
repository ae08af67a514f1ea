// A note beside the pointer. Screen readers get the same words from the selection.

import { html } from "./dom.js";

const GAP = 14;

export function createTip() {
  const tip = html("div", { class: "tip", "aria-hidden": "true", hidden: true });
  document.body.append(tip);
  document.addEventListener("pointermove", (event) => {
    if (tip.hidden) return;
    const { width } = tip.getBoundingClientRect();
    tip.style.left = `${Math.min(event.clientX + GAP, innerWidth - width - 8)}px`;
    tip.style.top = `${event.clientY + GAP}px`;
  });
  return {
    show(text) {
      tip.hidden = text === null;
      tip.textContent = text ?? "";
    },
  };
}

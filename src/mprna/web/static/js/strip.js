// The sequence above its dot-bracket, ten by ten, in step with the views.

import { byId, html } from "./dom.js";
import { partnersOf } from "./structure.js";

const GROUP = 10;
const LONGEST = 1500;

export function mountStrip(store) {
  const root = byId("strip");
  const columnAt = (event) => {
    const node = event.target.closest("[data-base]");
    return node ? Number(node.dataset.base) : null;
  };
  root.addEventListener("click", (event) => {
    const index = columnAt(event);
    if (index !== null) store.set({ selected: index });
  });
  root.addEventListener("pointerover", (event) => store.set({ hovered: columnAt(event) }));
  root.addEventListener("pointerleave", () => store.set({ hovered: null }));

  store.on(["row", "original"], ({ row, original }) => render(root, row, original));
  store.on(["row", "selected", "hovered"], (state) => mark(root, state));
}

function render(root, row, original) {
  if (!row?.dot_bracket) return root.replaceChildren();
  if (row.sequence.length > LONGEST) {
    return root.replaceChildren(html("pre", { class: "strip-plain", tabindex: 0 }, `${row.sequence}\n${row.dot_bracket}`));
  }
  const groups = [];
  for (let start = 0; start < row.sequence.length; start += GROUP) {
    groups.push(group(row, original, start));
  }
  root.replaceChildren(...groups);
}

function group(row, original, start) {
  const end = Math.min(start + GROUP, row.sequence.length);
  const columns = [];
  for (let index = start; index < end; index += 1) {
    const isChanged = original !== null && original.sequence[index] !== row.sequence[index];
    columns.push(
      html(
        "span",
        { class: isChanged ? "column changed" : "column", "data-base": index },
        html("b", {}, row.sequence[index]),
        html("i", {}, row.dot_bracket[index]),
      ),
    );
  }
  const number = end - start === GROUP ? html("span", { class: "strip-number", "aria-hidden": "true" }, String(end)) : null;
  return html("span", { class: "strip-group" }, columns, number);
}

function mark(root, { row, selected, hovered }) {
  for (const node of root.querySelectorAll(".selected, .hovered")) node.classList.remove("selected", "hovered");
  if (!row?.dot_bracket) return;
  const partners = partnersOf(row.dot_bracket);
  for (const [index, name] of [[hovered, "hovered"], [selected, "selected"]]) {
    if (index === null) continue;
    for (const place of [index, partners[index]]) {
      root.querySelector(`[data-base="${place}"]`)?.classList.add(name);
    }
  }
}

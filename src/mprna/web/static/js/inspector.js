// What is known of the selected base, and the four letters it could be.

import { announce, byId, html } from "./dom.js";
import { base } from "./sequence.js";
import { VIEW_VERBS } from "./state.js";
import { alternatives, partnersOf } from "./structure.js";
import { baseWords } from "./words.js";

const LETTERS = ["A", "C", "G", "U"];
const SHOWN = 4;

export function mountInspector(store, change) {
  const root = byId("inspector");
  const render = (state) => {
    const { row, selected, view } = state;
    if (!row?.dot_bracket) return root.replaceChildren();
    if (selected === null || selected >= row.sequence.length) return root.replaceChildren(...hint(view));
    const pressed = root.contains(document.activeElement) ? document.activeElement.dataset.letter : null;
    root.replaceChildren(...details(row, selected, state.original, change));
    if (pressed) root.querySelector(`[data-letter="${pressed}"]`)?.focus();
  };
  store.on(["row", "selected", "view"], render);
  store.on(["selected"], ({ row, selected }) => {
    if (row?.dot_bracket && selected !== null) announce(baseWords(row, partnersOf(row.dot_bracket), selected));
  });
}

function hint(view) {
  const what = [html("h3", {}, "Base"), html("p", { class: "hint" }, "Click a base to see its possible partners and to change it.")];
  if (view in VIEW_VERBS) return what; // these have no keys
  return [
    ...what,
    html(
      "p",
      { class: "hint wide-only" },
      "Keys: ", html("kbd", {}, "←"), " ", html("kbd", {}, "→"), " move, ", html("kbd", {}, "P"), " partner, ",
      html("kbd", {}, "A"), " ", html("kbd", {}, "C"), " ", html("kbd", {}, "G"), " ", html("kbd", {}, "U"), " change, ",
      html("kbd", {}, "+"), " ", html("kbd", {}, "−"), " ", html("kbd", {}, "0"), " zoom.",
    ),
  ];
}

function details(row, index, original, change) {
  const partner = partnersOf(row.dot_bracket)[index];
  const letter = row.sequence[index];
  return [
    html("h3", {}, html("span", { class: "big-letter" }, letter), ` ${index + 1}`),
    html("p", { class: "base-state" }, partner >= 0 ? `paired with ${row.sequence[partner]}${partner + 1}` : "unpaired"),
    html("dl", { class: "chances" }, chances(row, index, partner)),
    html("p", { class: "label", id: "change-label" }, "Change to"),
    html(
      "div",
      { class: "letters", role: "group", "aria-labelledby": "change-label" },
      LETTERS.map((to) => letterButton(to, base(letter), base(original?.sequence[index] ?? letter), () => change(index, to))),
    ),
  ];
}

function letterButton(to, now, before, onclick) {
  const isNow = to === now;
  const name = to === before && !isNow ? `${to}, as it was` : to;
  return html(
    "button",
    { type: "button", class: `letter letter-${to}`, "data-letter": to, "aria-pressed": String(isNow), "aria-label": name, onclick },
    to,
  );
}

function chances(row, index, partner) {
  const pairs = alternatives(row.pairs, index);
  const paired = pairs.reduce((sum, { probability }) => sum + probability, 0);
  const unpaired = partner < 0 ? row.nucleotide_confidence[index] : Math.max(0, 1 - paired);
  const options = pairs.map(({ position, probability }) => ({
    name: `${row.sequence[position]}${position + 1}`,
    probability,
    isDrawn: position === partner,
  }));
  options.push({ name: "unpaired", probability: unpaired, isDrawn: partner < 0 });
  return options
    .sort((a, b) => b.probability - a.probability)
    .slice(0, SHOWN)
    .map(({ name, probability, isDrawn }) =>
      html(
        "div",
        { class: isDrawn ? "chance drawn" : "chance" },
        html("dt", {}, name),
        html("dd", {}, html("meter", { min: 0, max: 1, value: probability.toFixed(3), "aria-label": `probability of ${name}` }), probability.toFixed(2)),
      ),
    );
}

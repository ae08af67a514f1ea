// Structures of the same RNA side by side, each against one reference.

import { html } from "./dom.js";
import { createDrawing } from "./drawing.js";
import { PLAIN } from "./colours.js";
import { comparisonKeys } from "./legend.js";
import { KNOWN, YOURS } from "./state.js";
import { compare, pairsOf, partnersOf } from "./structure.js";
import { energyText } from "./words.js";

const INK = "#1f2933";
const MISSING = "#fbe3c4";
const ONLY = "#bcd7f2";

/** The structures at hand: [{ key, name, dot_bracket, energy, layout }]. */
export function candidates({ row, vienna, own, original, changes }) {
  const list = [{ key: "shown", name: `MP-RNA (${row.engine})`, ...row }];
  if (row.engine === "vienna") list[0].name = "ViennaRNA (shown)";
  else if (vienna?.dot_bracket) list.push({ key: "vienna", name: "ViennaRNA", ...vienna });
  if (own) list.push({ key: "own", isKnown: own.name === KNOWN, ...own });
  if (changes.length && original) list.push({ key: "original", name: "Before the changes", ...original });
  return list.filter(({ layout }) => layout);
}

export function createCompare(container, { store, setOwn, ...handlers }) {
  let reference = null;
  let drawings = [];
  const select = html("select", { id: "reference", onchange: () => choose(select.value) });
  const message = html("p", { class: "message", role: "alert", hidden: true });
  const input = html("textarea", { id: "own-structure", rows: 2, class: "mono", spellcheck: "false", autocomplete: "off" });
  const form = html(
    "form",
    { class: "own-form", onsubmit: submit },
    html("label", { class: "label", for: "own-structure" }, "Your structure ", html("span", { class: "hint" }, "dot-bracket; pseudoknots as [ ] { } < >")),
    input,
    html("div", { class: "fold-row" }, html("button", { type: "submit" }, "Compare"), html("button", { type: "button", class: "quiet", onclick: clear }, "Remove")),
    message,
  );
  const reading = html("div", { class: "label reference" }, html("label", { for: "reference" }, "Differences against "), select);
  const note = html("p", { class: "score", role: "status" });
  const table = html("div", { class: "table-scroll", tabindex: 0, role: "group", "aria-label": "Numbers" });
  const panels = html("div", { class: "side-by-side" });
  const lines = html("div", { class: "stacked mono", tabindex: 0, role: "group", "aria-label": "Dot-brackets, one below the other" });
  container.append(reading, note, panels, html("div", { class: "legend" }, comparisonKeys()), table, lines, form);

  function choose(key) {
    reference = key;
    update(store.get());
  }

  async function submit(event) {
    event.preventDefault();
    message.hidden = true;
    try {
      await setOwn(input.value.replace(/\s/g, ""), YOURS);
    } catch (error) {
      message.textContent = error.message;
      message.hidden = false;
    }
  }

  function clear() {
    input.value = "";
    message.hidden = true;
    store.set({ own: null });
  }

  function say(text) {
    note.textContent = text;
    note.hidden = text === "";
  }

  function update(state) {
    say(state.viennaNote);
    const list = candidates(state);
    const chosen = list.find(({ key }) => key === reference) ?? list.find(({ isKnown }) => isKnown) ?? list[0];
    select.replaceChildren(...list.map(({ key, name }) => html("option", { value: key, selected: key === chosen.key }, name)));
    if (document.activeElement !== input) input.value = state.own?.dot_bracket ?? "";
    table.replaceChildren(numbers(list, chosen));
    lines.replaceChildren(...stacked(state.row.sequence, list, chosen));
    panels.replaceChildren();
    drawings = list.map((candidate) => drawPanel(panels, candidate, chosen, state, handlers));
  }

  return {
    update,
    say,
    recolour() {},
    highlight: (selected, hovered) => drawings.forEach((drawing) => drawing.highlight(selected, hovered)),
    view: null,
  };
}

function drawPanel(panels, candidate, reference, { row, original }, handlers) {
  const isReference = candidate.key === reference.key;
  const difference = compare(candidate.dot_bracket, reference.dot_bracket);
  const sequence = candidate.key === "original" ? original.sequence : row.sequence;
  const figure = html(
    "figure",
    { class: "compared" },
    html("figcaption", {}, html("strong", {}, candidate.name), html("span", { class: "hint" }, caption(difference, isReference))),
  );
  panels.append(figure);
  const drawing = createDrawing(figure, { label: `${candidate.name}: ${caption(difference, isReference)}`, margin: 6, ...handlers });
  drawing.show({
    sequence,
    dot_bracket: candidate.dot_bracket,
    layout: candidate.layout,
    fills: isReference ? plain(sequence) : differenceFills(sequence, candidate.dot_bracket, reference.dot_bracket),
    marks: { only: isReference ? [] : difference.onlyFirst, missing: isReference ? [] : difference.onlySecond },
  });
  return drawing;
}

function caption({ shared, onlyFirst, onlySecond }, isReference) {
  if (isReference) return "the reference";
  if (onlyFirst.length + onlySecond.length === 0) return "the same pairs";
  return `${shared.length} pairs shared, ${onlyFirst.length} only here, ${onlySecond.length} missing`;
}

const plain = (sequence) => [...sequence].map(() => ({ fill: PLAIN, ink: INK }));

function differenceFills(sequence, dotBracket, reference) {
  const here = partnersOf(dotBracket);
  const there = partnersOf(reference);
  return [...sequence].map((_, k) => {
    if (here[k] === there[k]) return { fill: PLAIN, ink: INK };
    return { fill: here[k] >= 0 ? ONLY : MISSING, ink: INK };
  });
}

function numbers(list, reference) {
  const head = ["", "kcal/mol", "pairs", "shared", "only here", "missing", "F1"];
  const rows = list.map((candidate) => {
    const { shared, onlyFirst, onlySecond, f1 } = compare(candidate.dot_bracket, reference.dot_bracket);
    const counts = candidate.key === reference.key ? ["", "", "", ""] : [shared.length, onlyFirst.length, onlySecond.length, f1.toFixed(2)];
    const energy = energyText(candidate.energy).replace(" kcal/mol", "");
    return [candidate.name, energy, pairsOf(candidate.dot_bracket).length, ...counts];
  });
  return html(
    "table",
    {},
    html("thead", {}, html("tr", {}, head.map((text) => (text ? html("th", { scope: "col" }, text) : html("td", {}))))),
    html(
      "tbody",
      {},
      rows.map(([name, ...cells]) => html("tr", {}, html("th", { scope: "row" }, name), cells.map((cell) => html("td", {}, String(cell))))),
    ),
  );
}

function stacked(sequence, list, reference) {
  const there = partnersOf(reference.dot_bracket);
  const lines = list.map(({ name, key, dot_bracket }) => {
    const here = partnersOf(dot_bracket);
    const symbols = [...dot_bracket].map((symbol, k) => (key !== reference.key && here[k] !== there[k] ? html("mark", {}, symbol) : symbol));
    return html("div", { class: "line" }, html("span", { class: "line-name" }, name), html("span", {}, symbols));
  });
  return [html("div", { class: "line" }, html("span", { class: "line-name" }, "Sequence"), html("span", {}, sequence)), ...lines];
}

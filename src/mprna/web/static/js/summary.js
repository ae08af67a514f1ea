// Above the views: what was folded, how sure that is, and what was changed.

import { byId, html, svg } from "./dom.js";
import { asWord, shownName } from "./permalink.js";
import { helicesOf } from "./structure.js";
import { confidenceLevel, confidenceWords, effectText, energyText, engineText, helixConfidence, helixText, lengthText, percent, relativeText, weakestHelix } from "./words.js";

const LEVELS = { high: "High confidence", fair: "Fair confidence", low: "Low confidence" };

export function mountSummary(store, folding) {
  store.on(["row", "records", "rows", "folding"], showOne);
  store.on(["row"], ({ row, changes }) => {
    document.title = row?.dot_bracket ? `${row.id} · MP-RNA` : "MP-RNA";
    if (!row?.dot_bracket) return;
    byId("record-name").textContent = shownName({ row, changes });
    byId("record-facts").textContent = [lengthText(row.length), energyText(row.energy), engineText(row.engine), relativeText(row)].filter(Boolean).join(" · ");
    byId("dial").replaceChildren(...(row.confidence === null ? [] : [dial(row.confidence)]));
    byId("confidence").replaceChildren(...confidence(row, (index) => store.set({ selected: index })));
    byId("in-words-body").replaceChildren(inWords(row));
  });
  store.on(["row", "changes", "original"], (state) => showChanges(state, folding));
}

/** The report, why there is none, or the examples. */
function showOne(state) {
  const isFolded = Boolean(state.row?.dot_bracket);
  const why = isFolded ? null : whyNot(state);
  byId("report").hidden = !isFolded;
  byId("welcome").hidden = isFolded || why !== null;
  byId("waiting").hidden = why === null;
  byId("waiting").textContent = why;
  byId("example-buttons").hidden = !isFolded && (state.folding || why === null);
}

/** One record that failed is said beside its field only. */
function whyNot({ records, rows, current, folding }) {
  const record = records[current];
  const error = records.length > 1 && rows[current]?.error;
  if (error) return `${record.id}: ${error}`;
  return folding && record ? `Folding ${record.id}, ${lengthText(record.sequence.length)}…` : null;
}

function confidence(row, select) {
  if (row.confidence === null) return [];
  const level = confidenceLevel(row.confidence);
  const weakest = weakestHelix(row);
  const hint = weakest && weakest.sure < 0.75 ? [weakHelix(weakest, select)] : [];
  return [html("strong", {}, `${LEVELS[level]}. `), confidenceWords(row), ...hint];
}

function weakHelix({ helix, sure }, select) {
  const show = html("button", { type: "button", class: "link", onclick: () => select(helix.start5) }, helixText(helix));
  return html("span", {}, " Least sure: helix ", show, ` (${percent(sure)}).`);
}

function dial(value) {
  const around = 2 * Math.PI * 20;
  return svg(
    "svg",
    { class: `dial ${confidenceLevel(value)}`, viewBox: "0 0 48 48", role: "img", "aria-label": `Confidence ${percent(value)}` },
    svg("circle", { class: "dial-ground", cx: 24, cy: 24, r: 20 }),
    svg("circle", { class: "dial-value", cx: 24, cy: 24, r: 20, "stroke-dasharray": `${around * value} ${around}`, transform: "rotate(-90 24 24)" }),
    svg("text", { x: 24, y: 28.5 }, Math.round(100 * value)),
  );
}

function showChanges({ row, changes, original }, folding) {
  const root = byId("changes");
  const at = [...root.querySelectorAll("button")].indexOf(document.activeElement);
  root.hidden = changes.length === 0 || !row?.dot_bracket;
  if (!root.hidden) {
    root.replaceChildren(
      html("span", { class: "label" }, "Changed"),
      ...changes.map((change) => chip(change, folding)),
      html("button", { type: "button", class: "quiet", onclick: () => folding.setChanges(() => []) }, "Back to the original"),
      html("p", { class: "effect" }, effectText(row, original)),
    );
  }
  if (at >= 0) keepFocus(root, at);
}

function chip(change, folding) {
  const takeBack = () => folding.setChanges((now) => now.filter(({ position }) => position !== change.position));
  return html(
    "button",
    { type: "button", class: "chip removable", "aria-label": `Take back ${asWord(change)}`, onclick: takeBack },
    asWord(change),
    html("span", { "aria-hidden": "true" }, "✕"),
  );
}

/** On the change that took the place of the one that was taken back, or else on the drawing. */
function keepFocus(root, at) {
  const chips = root.hidden ? [] : [...root.querySelectorAll(".removable")];
  const next = chips[Math.min(at, chips.length - 1)] ?? document.querySelector("#panel .stage") ?? byId("panel");
  next.focus({ preventScroll: true });
}

function inWords(row) {
  const helices = helicesOf(row.dot_bracket);
  if (helices.length === 0) return html("p", {}, "No pairs: the whole RNA is drawn as a single strand.");
  const rows = helices.map((helix) =>
    html(
      "tr",
      {},
      html("th", { scope: "row" }, helixText(helix)),
      html("td", {}, String(helix.pairs.length)),
      html("td", {}, helixConfidence(helix, row).toFixed(2)),
      html("td", {}, helix.isKnot ? "pseudoknot" : ""),
    ),
  );
  const pairs = helices.reduce((sum, { pairs: list }) => sum + list.length, 0);
  return html(
    "div",
    { class: "table-scroll" },
    html("p", {}, `${pairs} pairs in ${helices.length} stretches of stacked pairs, from 5′ to 3′.`),
    html(
      "table",
      {},
      html("thead", {}, html("tr", {}, ["Positions", "Pairs", "Mean probability", "Kind"].map((text) => html("th", { scope: "col" }, text)))),
      html("tbody", {}, rows),
    ),
  );
}

// Dot plot: all pair probabilities above the diagonal, the drawn structure below it.

import { svg } from "./dom.js";
import { panZoom } from "./panzoom.js";
import { pairsOf } from "./structure.js";

const CELL = 8;
const MOST_DOTS = 12000;
const TICKS = [10, 20, 50, 100, 200, 500, 1000];

export function createDotPlot(container, { label, onSelect, onHover, onPair }) {
  const scene = svg("g");
  const root = svg("svg", { class: "drawing dotplot", role: "img", "aria-label": label }, scene);
  container.append(root);
  let length = 0;
  let cross = null;
  let dots = [];
  let centres = [];
  const view = panZoom(root, scene, () => ({
    left: -3 * sizeOfNumbers(length), right: (length + 1) * CELL, top: -2 * sizeOfNumbers(length), bottom: (length + 1) * CELL,
  }));

  const pairAt = (event) => {
    const dot = event.target.closest("[data-pair]") ?? dots[view.nearest(event, centres)];
    return dot ? dot.dataset.pair.split(",").map(Number) : null;
  };
  root.addEventListener("pointermove", (event) => {
    const pair = pairAt(event);
    onHover(pair?.[0] ?? null);
    onPair(pair);
  });
  root.addEventListener("pointerleave", () => onHover(null));
  root.addEventListener("click", (event) => {
    if (!view.dragged()) onSelect(pairAt(event)?.[0] ?? null);
  });

  return {
    element: root,
    view,
    show({ sequence, dot_bracket, pairs }) {
      const isNew = length !== sequence.length;
      length = sequence.length;
      cross = svg("g", { class: "cross" });
      scene.replaceChildren(frame(length), cross, structure(dot_bracket), probabilities(pairs));
      dots = [...scene.querySelectorAll("[data-pair]")];
      centres = dots.map(centre);
      if (isNew) view.fit();
    },
    recolour() {},
    highlight(selected, hovered) {
      const lines = [[hovered, "hovered"], [selected, "selected"]]
        .filter(([index]) => index !== null && index < length)
        .map(([index, name]) => crossAt(index, length, name));
      cross?.replaceChildren(...lines);
    },
    reveal: (index) => view.reveal([index * CELL, index * CELL]),
  };
}

/** Of plots that are fitted into the view, the same on the screen. */
const sizeOfNumbers = (length) => Math.max(11, 0.024 * length * CELL);

function frame(length) {
  const side = length * CELL;
  const size = sizeOfNumbers(length);
  const step = TICKS.find((tick) => length / tick <= 12) ?? 2000;
  const ticks = [];
  for (let position = step; position <= length; position += step) {
    const at = (position - 0.5) * CELL;
    ticks.push(
      svg("path", { class: "grid", d: `M${at} 0V${side}M0 ${at}H${side}` }),
      svg("text", { x: at, y: -0.7 * size, "font-size": size }, String(position)),
      svg("text", { x: -0.7 * size, y: at + 0.36 * size, "font-size": size, class: "row" }, String(position)),
    );
  }
  return svg(
    "g",
    { class: "frame" },
    svg("rect", { width: side, height: side }),
    ticks,
    svg("path", { class: "diagonal", d: `M0 0L${side} ${side}` }),
  );
}

/** The area of a dot is its probability, as in ViennaRNA's dot plots. */
function probabilities(pairs) {
  const strongest = pairs.length <= MOST_DOTS ? pairs : [...pairs].sort((a, b) => b[2] - a[2]).slice(0, MOST_DOTS);
  const dots = strongest.map(([i, j, p]) => {
    const side = Math.max(Math.sqrt(p), 0.12) * CELL;
    return svg("rect", {
      x: ((j - 0.5) * CELL - side / 2).toFixed(2),
      y: ((i - 0.5) * CELL - side / 2).toFixed(2),
      width: side.toFixed(2),
      height: side.toFixed(2),
      "data-pair": [i - 1, j - 1, p],
    });
  });
  return svg("g", { class: "dots" }, dots);
}

function structure(dotBracket) {
  const dots = pairsOf(dotBracket).map(([i, j]) =>
    svg("rect", { x: i * CELL, y: j * CELL, width: CELL, height: CELL, "data-pair": [i, j] }),
  );
  return svg("g", { class: "drawn" }, dots);
}

function centre(dot) {
  const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(dot.getAttribute(name)));
  return [x + width / 2, y + height / 2];
}

function crossAt(index, length, name) {
  const at = (index + 0.5) * CELL;
  return svg("path", { class: name, d: `M${at} 0V${length * CELL}M0 ${at}H${length * CELL}` });
}

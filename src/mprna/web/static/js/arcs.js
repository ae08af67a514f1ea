// Arc diagram: the structure above the line, other likely pairs below it.

import { svg } from "./dom.js";
import { scaleColour } from "./colours.js";
import { labelsOf } from "./geometry.js";
import { panZoom } from "./panzoom.js";
import { pairsOf, partnersOf, probabilityTable } from "./structure.js";

const STEP = 14;
const FLATTENING = 0.82;
const LEAST_SHOWN = 0.05;
const PALEST = 0.3;

export function createArcs(container, { label, onSelect, onHover }) {
  const scene = svg("g");
  const root = svg("svg", { class: "drawing arcs", role: "img", "aria-label": label }, scene);
  container.append(root);
  let shown = null;
  let parts = null;
  const view = panZoom(root, scene, () => parts.box);

  const baseAt = (event) => {
    const node = event.target.closest("[data-base]");
    return node ? Number(node.dataset.base) : view.nearest(event, parts.points);
  };
  root.addEventListener("pointermove", (event) => onHover(baseAt(event)));
  root.addEventListener("pointerleave", () => onHover(null));
  root.addEventListener("click", (event) => {
    if (!view.dragged()) onSelect(baseAt(event));
  });

  return {
    element: root,
    view,
    show(model) {
      const isNew = shown === null || shown.sequence.length !== model.sequence.length;
      shown = model;
      parts = build(scene, model);
      if (isNew) view.fit();
    },
    recolour(fills) {
      fills.forEach(({ fill, ink }, index) => parts.colour(index, fill, ink));
    },
    highlight: (selected, hovered) => parts?.highlight(selected, hovered),
    reveal: (index) => view.reveal([index * STEP, 0]),
  };
}

function build(scene, { sequence, dot_bracket, pairs: likely, fills, below }) {
  const pairs = pairsOf(dot_bracket);
  const partners = partnersOf(dot_bracket);
  const probability = probabilityTable(likely);
  const above = pairs.map(([i, j]) => upperArc(i, j, probability(i, j), dot_bracket[i] !== "("));
  const others = below ?? otherPairs(likely, partners);
  const under = others.map(({ i, j, p }) => lowerArc(i, j, p));
  const bases = [...sequence].map((letter, index) => base(letter, index, fills[index]));
  scene.replaceChildren(
    svg("g", { class: "arcs-below" }, under),
    svg("g", { class: "arcs-above" }, above),
    svg("g", { class: "bases" }, bases),
    svg("g", { class: "labels" }, labels(sequence.length)),
  );
  const tallest = (list) => list.reduce((most, [i, j]) => Math.max(most, j - i), 8);
  return {
    points: bases.map((_, index) => [index * STEP, 0]),
    box: {
      left: -2 * STEP,
      right: (sequence.length + 1) * STEP,
      top: -height(tallest(pairs)) - STEP,
      bottom: height(tallest(others.map(({ i, j }) => [i, j]))) + 2 * STEP,
    },
    colour(index, fill, ink) {
      bases[index].firstChild.setAttribute("fill", fill);
      bases[index].lastChild.setAttribute("fill", ink);
    },
    highlight(selected, hovered) {
      for (const node of scene.querySelectorAll(".selected, .hovered")) node.classList.remove("selected", "hovered");
      for (const [index, name] of [[hovered, "hovered"], [selected, "selected"]]) {
        if (index === null || index >= bases.length) continue;
        bases[index].classList.add(name);
        bases[partners[index]]?.classList.add(name);
        scene.querySelectorAll(`[data-i="${index}"], [data-j="${index}"]`).forEach((node) => node.classList.add(name));
      }
    },
  };
}

const height = (span) => (span / 2) * STEP * FLATTENING + 8;

/** Pairs that are not in the structure: [{ i, j, p }]. */
function otherPairs(likely, partners) {
  return likely
    .filter(([i, j, p]) => p >= LEAST_SHOWN && partners[i - 1] !== j - 1)
    .map(([i, j, p]) => ({ i: i - 1, j: j - 1, p }));
}

function upperArc(i, j, p, isKnot) {
  const stroke = isKnot ? null : scaleColour(PALEST + (1 - PALEST) * p);
  return arc(i, j, -1, { class: isKnot ? "arc knot" : "arc", stroke }, p);
}

const lowerArc = (i, j, p) => arc(i, j, 1, { class: "arc other", "stroke-opacity": (0.15 + 0.85 * p).toFixed(2) }, p);

function arc(i, j, side, properties, p) {
  const [x1, x2, y] = [i * STEP, j * STEP, side * 8];
  const rx = (x2 - x1) / 2;
  const d = `M${x1} ${y} A${rx} ${rx * FLATTENING} 0 0 ${side < 0 ? 1 : 0} ${x2} ${y}`;
  const title = p === undefined ? null : svg("title", {}, `${i + 1}–${j + 1}: ${p.toFixed(2)}`);
  return svg("path", { ...properties, d, "data-i": i, "data-j": j }, title);
}

function base(letter, index, { fill, ink }) {
  return svg(
    "g",
    { "data-base": index, class: "base", transform: `translate(${index * STEP} 0)` },
    svg("rect", { x: -STEP / 2, y: -8, width: STEP, height: 16, fill }),
    svg("text", { y: 3.8, fill: ink }, letter),
  );
}

function labels(length) {
  const step = length <= 500 ? 10 : length <= 2000 ? 50 : 200;
  return labelsOf(length, step).map(({ index, text }) => svg("text", { x: index * STEP, y: 20 }, text));
}

// The drawing of a secondary structure.

import { prefersReducedMotion, svg } from "./dom.js";
import { UNIT, arcControls, bounds, endMarks, inPixels, labelsOf, placeLabels, splitPairs } from "./geometry.js";
import { panZoom } from "./panzoom.js";
import { pairKind } from "./sequence.js";
import { pairsOf, partnersOf } from "./structure.js";

const RADIUS = 0.42 * UNIT;
const MOVE_TIME = 420;
const LONGEST_MOVE = 700;

/**
 * An empty drawing inside `container`.
 *
 * `show` takes { sequence, dot_bracket, layout, fills, marks }: `fills` has { fill, ink } per base, and
 * `marks` are optional: { only: pairs to stress, missing: pairs to draw dashed, changed: bases to ring }.
 */
export function createDrawing(container, { label, margin, onSelect = () => {}, onHover = () => {} }) {
  const scene = svg("g");
  const root = svg("svg", { class: "drawing", role: "img", "aria-label": label }, scene);
  container.append(root);
  let shown = null;
  let parts = null;
  let frame = 0;
  const view = panZoom(root, scene, () => withMargin(bounds(shown.layout)), { margin });

  const baseAt = (event) => {
    const node = event.target.closest("[data-base]");
    return node ? Number(node.dataset.base) : view.nearest(event, shown.layout);
  };
  root.addEventListener("pointermove", (event) => onHover(baseAt(event)));
  root.addEventListener("pointerleave", () => onHover(null));
  root.addEventListener("click", (event) => {
    if (!view.dragged()) onSelect(baseAt(event));
  });

  function show(model) {
    const before = shown;
    shown = { marks: {}, ...model, layout: inPixels(model.layout) };
    cancelAnimationFrame(frame);
    parts = build(scene, shown);
    const moved = String(before?.layout) !== String(shown.layout);
    const canGlide = before?.layout.length === shown.layout.length && shown.layout.length <= LONGEST_MOVE;
    if (moved && canGlide && !prefersReducedMotion()) glide(before.layout);
    else if (moved) view.fit();
  }

  function glide(from) {
    const to = shown.layout;
    const start = performance.now();
    const step = (now) => {
      const t = Math.min((now - start) / MOVE_TIME, 1);
      const eased = 1 - (1 - t) ** 3;
      parts.place(to.map(([x, y], k) => [from[k][0] + eased * (x - from[k][0]), from[k][1] + eased * (y - from[k][1])]));
      if (t < 1) frame = requestAnimationFrame(step);
      else {
        scene.classList.remove("moving");
        view.fit();
      }
    };
    scene.classList.add("moving");
    step(start);
  }

  /** Colours only; the drawing stays where it is. */
  function recolour(fills) {
    fills.forEach((colours, index) => parts.colour(index, colours));
  }

  return {
    element: root,
    view,
    show,
    recolour,
    highlight: (selected, hovered) => parts?.highlight(selected, hovered),
    reveal: (index) => view.reveal(shown.layout[index]),
  };
}

const withMargin = ({ left, right, top, bottom }) => ({
  left: left - 1.4 * UNIT, right: right + 1.4 * UNIT, top: top - 1.4 * UNIT, bottom: bottom + 1.4 * UNIT,
});

function build(scene, { sequence, dot_bracket, layout, fills, marks }) {
  const pairs = pairsOf(dot_bracket);
  const partners = partnersOf(dot_bracket);
  const { rungs, arcs } = splitPairs(pairs, layout);
  const stressed = new Set((marks.only ?? []).map(String));
  const backbone = svg("polyline", { class: "backbone" });
  const rungNodes = rungs.map((pair) => rung(pair, sequence, stressed.has(String(pair))));
  const arcNodes = arcs.map((pair) => svg("path", { class: stressed.has(String(pair)) ? "knot only" : "knot" }));
  const missing = marks.missing ?? [];
  const missingNodes = missing.map(() => svg("path", { class: "missing" }));
  const changed = new Set(marks.changed ?? []);
  const baseNodes = [...sequence].map((letter, index) => base(letter, index, fills[index], changed.has(index)));
  const labels = svg("g", { class: "labels" });
  const halo = svg("g", { class: "halos" });

  const place = (points) => {
    backbone.setAttribute("points", points.map(([x, y]) => `${round(x)},${round(y)}`).join(" "));
    rungs.forEach(([i, j], k) => placeRung(rungNodes[k], points[i], points[j]));
    const controls = arcControls(arcs, points);
    arcs.forEach(([i, j], k) => arcNodes[k].setAttribute("d", quadratic(points[i], controls[k], points[j])));
    const bends = arcControls(missing, points);
    missing.forEach(([i, j], k) => missingNodes[k].setAttribute("d", quadratic(points[i], bends[k], points[j])));
    points.forEach(([x, y], k) => baseNodes[k].setAttribute("transform", `translate(${round(x)} ${round(y)})`));
  };
  place(layout);
  drawLabels(labels, layout, partners);
  scene.classList.remove("moving");
  scene.replaceChildren(
    backbone,
    svg("g", { class: "missing-pairs" }, missingNodes),
    svg("g", { class: "knots" }, arcNodes),
    svg("g", { class: "rungs" }, rungNodes),
    halo,
    svg("g", { class: "bases" }, baseNodes),
    labels,
  );
  return {
    place,
    colour: (index, { fill, ink }) => {
      baseNodes[index].firstChild.setAttribute("fill", fill);
      baseNodes[index].lastChild.setAttribute("fill", ink);
    },
    highlight: (selected, hovered) => halo.replaceChildren(...halos(layout, partners, selected, hovered)),
  };
}

function base(letter, index, { fill, ink }, isChanged) {
  return svg(
    "g",
    { "data-base": index, class: isChanged ? "base changed" : "base" },
    svg("circle", { r: RADIUS, fill }),
    svg("text", { y: 0.2 * UNIT, fill: ink }, letter),
  );
}

function rung([i, j], sequence, isStressed) {
  const kind = pairKind(sequence[i], sequence[j]);
  const name = `rung ${kind}${isStressed ? " only" : ""}`;
  return kind === "watson-crick" ? svg("line", { class: name }) : svg("circle", { class: name, r: 0.13 * UNIT });
}

function placeRung(node, [x1, y1], [x2, y2]) {
  const places = node.tagName === "line" ? { x1, y1, x2, y2 } : { cx: (x1 + x2) / 2, cy: (y1 + y2) / 2 };
  for (const [name, value] of Object.entries(places)) node.setAttribute(name, round(value));
}

function drawLabels(group, layout, partners) {
  const step = layout.length <= 500 ? 10 : layout.length <= 2000 ? 50 : 200;
  const ends = endMarks(layout);
  const numbers = placeLabels(labelsOf(layout.length, step), layout, partners, ends.map(({ x, y }) => [x, y]));
  for (const { index, text, x, y } of numbers) {
    const [bx, by] = layout[index];
    const towards = (share) => `${round(bx + share * (x - bx))} ${round(by + share * (y - by))}`;
    group.append(
      svg("path", { class: "tick", d: `M${towards(0.32)} L${towards(0.6)}` }),
      svg("text", { x: round(x), y: round(y + 0.2 * UNIT) }, text),
    );
  }
  for (const { text, x, y } of ends) {
    group.append(svg("text", { class: "end", x: round(x), y: round(y + 0.22 * UNIT) }, text));
  }
}

function halos(layout, partners, selected, hovered) {
  const rings = [];
  const ring = (index, name) => {
    if (index === null || index < 0 || index >= layout.length) return;
    rings.push(svg("circle", { class: name, cx: layout[index][0], cy: layout[index][1], r: RADIUS + 0.2 * UNIT }));
  };
  for (const [index, name] of [[hovered, "hovered"], [selected, "selected"]]) {
    if (index === null) continue;
    ring(partners[index] ?? -1, `${name} partner`);
    ring(index, name);
  }
  return rings;
}

const quadratic = (a, c, b) => `M${round(a[0])} ${round(a[1])} Q${round(c[0])} ${round(c[1])} ${round(b[0])} ${round(b[1])}`;
const round = (value) => Math.round(value * 100) / 100;

// What colours and lines mean, below each view.

import { COLOURINGS, letterColours, scaleGradient } from "./colours.js";
import { html, svg } from "./dom.js";

export function legendOf(view, colouring) {
  if (view === "drawing") return [...colours(colouring), key(line(), "Watson–Crick"), key(dot(), "G–U"), key(knot(), "pseudoknot")];
  if (view === "arcs") return [...colours(colouring), key(knot(), "pseudoknot"), words("Above: the structure. Below: other pairs with a probability of 0.05 or more.")];
  if (view === "dotplot") return [words("Above the diagonal: pairs with a probability of 0.01 or more, which is their area. Below: the drawn structure.")];
  return [];
}

export const comparisonKeys = () => [
  key(swatch("swatch-only"), "paired otherwise than in the reference"),
  key(swatch("swatch-missing"), "unpaired here, paired in the reference"),
  key(dashed(), "missing pair"),
];

function colours(colouring) {
  if (colouring === "letter") return letterColours().map(([letter, fill]) => key(disc(fill), letter));
  if (colouring === "none") return [];
  return [
    html("span", { class: "key scale" }, html("span", {}, COLOURINGS[colouring].label), html("span", { class: "end" }, "0"), gradient(), html("span", { class: "end" }, "1")),
  ];
}

function gradient() {
  const stops = scaleGradient().map(({ offset, colour }) => svg("stop", { offset, "stop-color": colour }));
  return svg(
    "svg",
    { viewBox: "0 0 100 10", class: "scale-bar", "aria-hidden": "true" },
    svg("defs", {}, svg("linearGradient", { id: "scale" }, stops)),
    svg("rect", { width: 100, height: 10, rx: 2, fill: "url(#scale)" }),
  );
}

const key = (mark, text) => html("span", { class: "key" }, mark, text);
const words = (text) => html("span", { class: "key" }, text);
const icon = (...children) => svg("svg", { viewBox: "0 0 20 12", class: "key-icon", "aria-hidden": "true" }, children);
const line = () => icon(svg("path", { class: "rung", d: "M3 6H17" }));
const dot = () => icon(svg("circle", { class: "rung wobble", cx: 10, cy: 6, r: 2.6 }));
const knot = () => icon(svg("path", { class: "knot", d: "M3 11Q10 -6 17 11" }));
const dashed = () => icon(svg("path", { class: "missing", d: "M2 6H18" }));
const disc = (fill) => icon(svg("circle", { cx: 10, cy: 6, r: 5, fill }));
const swatch = (name) => icon(svg("circle", { cx: 10, cy: 6, r: 5, class: name }));

// Four letters by all positions, as a map of colours.

import { svg } from "./dom.js";
import { base } from "./sequence.js";
import { LEFT, stepOf } from "./track.js";

export const LETTERS = ["A", "C", "G", "U"];
const CELL = 24;
const TOP = 6;
const BOTTOM = TOP + LETTERS.length * CELL;

/**
 * @param values one [A, C, G, U] per base; null where nothing is known.
 * @param words (index, letter, value) => what the cell says when pointed at.
 */
export function heatmap({ sequence, values, room, label, words }) {
  const step = stepOf(sequence.length, room);
  const width = LEFT + step * sequence.length + 12;
  const largest = Math.max(1e-9, ...values.flat().map((value) => Math.abs(value ?? 0)));
  const columns = [...sequence].map((letter, index) => column(index, letter, values[index], { step, largest, words }));
  const names = LETTERS.map((letter, k) => svg("text", { class: "row", x: LEFT - 10, y: TOP + (k + 0.5) * CELL + 4 }, letter));
  return svg(
    "svg",
    { class: "track heatmap", width, height: BOTTOM + 42, role: "img", "aria-label": label },
    svg("g", { class: "axis" }, names),
    columns,
  );
}

function column(index, letter, values, { step, largest, words }) {
  const x = LEFT + step * index;
  const middle = x + step / 2;
  const known = LETTERS.indexOf(base(letter));
  const isTenth = (index + 1) % 10 === 0;
  return svg(
    "g",
    { "data-base": index, class: "column-bar" },
    svg("rect", { class: "hit", x, y: TOP, width: step, height: BOTTOM - TOP + 18 }),
    LETTERS.map((to, k) => cell(x, TOP + k * CELL, step, values[k], largest, words(index, to, values[k]))),
    known >= 0 ? svg("circle", { class: "reference", cx: middle, cy: TOP + (known + 0.5) * CELL, r: 2.2 }) : null,
    svg("text", { x: middle, y: BOTTOM + 13 }, letter),
    isTenth ? svg("text", { class: "number", x: middle, y: BOTTOM + 32 }, String(index + 1)) : null,
  );
}

function cell(x, y, width, value, largest, text) {
  const strength = value === null ? 0 : Math.abs(value) / largest;
  return svg(
    "rect",
    { class: value < 0 ? "cell down" : "cell up", x: x + 0.5, y: y + 0.5, width: width - 1, height: CELL - 1, "fill-opacity": strength.toFixed(3) },
    svg("title", {}, text),
  );
}

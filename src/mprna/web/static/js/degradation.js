// Reactivity and degradation along the sequence, with expected errors.

import { svg } from "./dom.js";
import { partnersOf } from "./structure.js";
import { choice, createTrack, LEFT, stepOf } from "./track.js";

const QUANTITIES = {
  deg_Mg_50C: "Degradation, 50 °C, 10 mM Mg²⁺",
  deg_50C: "Degradation, 50 °C, no Mg²⁺",
  deg_Mg_pH10: "Degradation, pH 10, 10 mM Mg²⁺",
  deg_pH10: "Degradation, pH 10, no Mg²⁺",
  reactivity: "SHAPE reactivity (1M7)",
};
const NOTE =
  "Bars are predictions, whiskers one standard deviation of the expected error. Pale bars are paired bases. " +
  "The network learned from 107-nt RNAs; what it says of long mRNAs has not been tested.";
const HEIGHT = 230;
const BASELINE = HEIGHT - 40;
const TOP = 14;

export function createDegradation(container, handlers) {
  let quantity = "deg_Mg_50C";
  const head = choice("quantity", "Show", Object.entries(QUANTITIES), (value) => {
    quantity = value;
    track.redraw();
  });
  const draw = ([answer], row, width) => ({ text: total(answer), picture: bars(answer, row, quantity, width) });
  const track = createTrack(container, { verb: "degrade", head: [head], note: NOTE, draw, ...handlers });
  return track;
}

const total = ({ score, score_sd }) =>
  `Sum over the molecule (50 °C, Mg²⁺): ${score.toFixed(1)} ± ${score_sd.toFixed(1)}; lower is more stable. Compare RNAs of the same length by it.`;

function bars({ values, sd }, { sequence, dot_bracket }, quantity, room) {
  const means = values[quantity];
  const errors = sd[quantity];
  const partners = partnersOf(dot_bracket);
  const step = stepOf(sequence.length, room);
  const highest = Math.max(0.5, ...means.map((mean, k) => mean + errors[k]));
  const y = (value) => BASELINE - (Math.max(value, 0) / highest) * (BASELINE - TOP);
  const width = LEFT + step * sequence.length + 12;
  return svg(
    "svg",
    { class: "track", width, height: HEIGHT, role: "img", "aria-label": `${QUANTITIES[quantity]} of ${sequence.length} bases` },
    axis(highest, y, width),
    means.map((mean, k) => bar(k, mean, errors[k], { sequence, step, y, isPaired: partners[k] >= 0 })),
    numbers(sequence.length, step),
  );
}

function bar(index, mean, error, { sequence, step, y, isPaired }) {
  const x = LEFT + step * index;
  const middle = x + step / 2;
  return svg(
    "g",
    { "data-base": index, class: isPaired ? "column-bar paired" : "column-bar" },
    svg("title", {}, `${sequence[index]}${index + 1}: ${mean.toFixed(2)} ± ${error.toFixed(2)}`),
    svg("rect", { class: "hit", x, y: TOP, width: step, height: HEIGHT - TOP - 16 }),
    svg("rect", { class: "value", x: x + 1, y: y(mean), width: step - 2, height: Math.max(BASELINE - y(mean), 0.5) }),
    svg("path", { class: "whisker", d: `M${middle} ${y(mean + error)}V${y(mean - error)}` }),
    svg("text", { x: middle, y: BASELINE + 13 }, sequence[index]),
  );
}

function axis(highest, y, width) {
  const step = [0.1, 0.2, 0.5, 1, 2, 5].find((size) => highest / size <= 5) ?? 10;
  const lines = [];
  for (let value = 0; value <= highest; value += step) {
    lines.push(
      svg("path", { class: "grid", d: `M${LEFT} ${y(value)}H${width}` }),
      svg("text", { class: "row", x: LEFT - 6, y: y(value) + 4 }, value.toFixed(step < 1 ? 1 : 0)),
    );
  }
  return svg("g", { class: "axis" }, lines);
}

function numbers(length, step) {
  const texts = [];
  for (let position = 10; position <= length; position += 10) {
    texts.push(svg("text", { class: "number", x: LEFT + step * (position - 0.5), y: HEIGHT - 8 }, String(position)));
  }
  return texts;
}

// Reactivity and degradation along the sequence, with expected errors.

import { html, svg } from "./dom.js";
import * as api from "./api.js";
import { partnersOf } from "./structure.js";

const QUANTITIES = {
  deg_Mg_50C: "Degradation, 50 °C, 10 mM Mg²⁺",
  deg_50C: "Degradation, 50 °C, no Mg²⁺",
  deg_Mg_pH10: "Degradation, pH 10, 10 mM Mg²⁺",
  deg_pH10: "Degradation, pH 10, no Mg²⁺",
  reactivity: "SHAPE reactivity (1M7)",
};
const HEIGHT = 230;
const BASELINE = HEIGHT - 40;
const TOP = 14;
const LEFT = 44;
const NARROWEST = 8.5;
const WIDEST = 20;

export function createDegradation(container, { onSelect, onHover }) {
  let shown = null;
  let waiting = null;
  let quantity = "deg_Mg_50C";
  const select = html(
    "select",
    { id: "quantity", onchange: () => ((quantity = select.value), draw()) },
    Object.entries(QUANTITIES).map(([value, name]) => html("option", { value }, name)),
  );
  const score = html("p", { class: "score" });
  const scroll = html("div", { class: "track-scroll", tabindex: 0, role: "group", "aria-label": "Track along the sequence" });
  const note = html(
    "p",
    { class: "hint" },
    "Bars are predictions, whiskers one standard deviation of the expected error. Pale bars are paired bases. " +
      "The network learned from 107-nt RNAs; what it says of long mRNAs has not been tested.",
  );
  container.append(html("div", { class: "label" }, html("label", { for: "quantity" }, "Show "), select), score, scroll, note);

  const baseAt = (event) => {
    const node = event.target.closest("[data-base]");
    return node ? Number(node.dataset.base) : null;
  };
  scroll.addEventListener("click", (event) => onSelect(baseAt(event)));
  scroll.addEventListener("pointermove", (event) => onHover(baseAt(event)));
  scroll.addEventListener("pointerleave", () => onHover(null));

  async function update({ row }) {
    if (shown?.sequence === row.sequence) return draw(row);
    waiting?.abort();
    waiting = new AbortController();
    score.textContent = "Predicting…";
    try {
      const record = { id: row.id, sequence: row.sequence };
      shown = { ...(await api.ask("degrade", record, {}, { signal: waiting.signal })), sequence: row.sequence, dot_bracket: row.dot_bracket };
      draw();
    } catch (error) {
      if (error.name === "AbortError") return;
      shown = null;
      scroll.replaceChildren();
      score.textContent = error.message;
    }
  }

  function draw(row) {
    if (row) shown.dot_bracket = row.dot_bracket;
    if (shown.score !== undefined && shown.score !== null) {
      score.textContent = `Sum over the molecule (50 °C, Mg²⁺): ${shown.score.toFixed(1)} ± ${shown.score_sd.toFixed(1)}; lower is more stable. Compare RNAs of the same length by it.`;
    }
    scroll.replaceChildren(track(shown, quantity, scroll.clientWidth));
  }

  return {
    update,
    recolour() {},
    view: null,
    highlight(selected, hovered) {
      for (const node of scroll.querySelectorAll(".selected, .hovered")) node.classList.remove("selected", "hovered");
      for (const [index, name] of [[hovered, "hovered"], [selected, "selected"]]) {
        if (index !== null) scroll.querySelector(`[data-base="${index}"]`)?.classList.add(name);
      }
    },
  };
}

function track({ sequence, dot_bracket, values, sd }, quantity, room) {
  const means = values[quantity];
  const errors = sd[quantity];
  const partners = partnersOf(dot_bracket);
  const step = Math.min(Math.max((room - LEFT - 24) / sequence.length, NARROWEST), WIDEST);
  const highest = Math.max(0.5, ...means.map((mean, k) => mean + errors[k]));
  const y = (value) => BASELINE - (Math.max(value, 0) / highest) * (BASELINE - TOP);
  const width = LEFT + step * sequence.length + 12;
  const bars = means.map((mean, k) => bar(k, mean, errors[k], { sequence, step, y, isPaired: partners[k] >= 0 }));
  const label = `${QUANTITIES[quantity]} of ${sequence.length} bases`;
  return svg(
    "svg",
    { class: "track", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": label },
    axis(highest, y, width),
    bars,
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

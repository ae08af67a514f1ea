// What every single substitution does.

import { heatmap, LETTERS } from "./heatmap.js";
import { base } from "./sequence.js";
import { choice, createTrack } from "./track.js";

const QUANTITIES = {
  pair_distance: "Change of the pairs",
  delta_ensemble_energy: "Change of stability, kcal/mol",
  llr: "Surprise of the language model, nats",
};
const NOTE =
  "One cell per substitution: orange is above 0, blue below, and the strongest colour the largest change here. Change of the pairs: the sum of " +
  "all changes of pair probabilities. Stability: above 0 is less stable. Surprise: below 0 the model expects the base that is there, a dot.";

export function createVariants(container, handlers) {
  let quantity = "pair_distance";
  const head = choice("effect", "Show", Object.entries(QUANTITIES), (value) => {
    quantity = value;
    track.redraw();
  });
  const draw = (effects, row, room) => picture(effects, row.sequence, quantity, room);
  const track = createTrack(container, { verb: "scan", numRows: numSubstitutions, head: [head], note: NOTE, draw, ...handlers });
  return track;
}

/** Three of each base, four of what is none. */
const numSubstitutions = ({ sequence }) => [...sequence].reduce((sum, letter) => sum + (LETTERS.includes(base(letter)) ? 3 : 4), 0);

function picture(effects, sequence, quantity, room) {
  const values = [...sequence].map(() => LETTERS.map(() => null));
  for (const effect of effects) {
    if (effect.error) continue;
    values[effect.position - 1][LETTERS.indexOf(base(effect.alt))] = effect[quantity];
  }
  const words = (index, letter, value) => `${sequence[index]}${index + 1}${letter}: ${value === null ? "–" : value.toFixed(2)}`;
  const label = `${QUANTITIES[quantity]} of all substitutions of ${sequence.length} bases`;
  return { text: strongest(effects, quantity), picture: heatmap({ sequence, values, room, label, words }) };
}

function strongest(effects, quantity) {
  const known = effects.filter((effect) => !effect.error && effect[quantity] !== null);
  if (known.length === 0) return "No effects are known.";
  const sorted = [...known].sort((a, b) => Math.abs(b[quantity]) - Math.abs(a[quantity]));
  const list = sorted.slice(0, 5).map((effect) => `${effect.variant} (${effect[quantity].toFixed(2)})`);
  return `Strongest: ${list.join(", ")}.`;
}

// Which bases look substituted, and what stood there. A row of the verb is
// { base_probs: [[A, C, G, U], ...], repairs: [{ position, seen, base, probability }], repaired }.

import { heatmap, LETTERS } from "./heatmap.js";
import { createTrack } from "./track.js";

const NOTE =
  "The darker a cell, the more probable that this base is the original one, by a language model that sees the rest of the RNA. A dot is the " +
  "base that is there. Few substitutions are clear from the sequence alone.";

export function createRepair(container, handlers) {
  return createTrack(container, { verb: "repair", note: NOTE, draw, ...handlers });
}

function draw({ base_probs, repairs }, { sequence }, room) {
  const words = (index, letter, p) => `${letter} at ${index + 1}: ${p.toFixed(2)}`;
  const label = `Probability of ${LETTERS.join(", ")} at ${sequence.length} positions`;
  return { text: proposals(repairs), picture: heatmap({ sequence, values: base_probs, room, label, words }) };
}

function proposals(repairs) {
  if (repairs.length === 0) return "Nothing looks wrong enough to be changed.";
  const list = repairs.map(({ seen, position, base, probability }) => `${seen}${position}${base} (${probability.toFixed(2)})`);
  return `Proposed: ${list.join(", ")}.`;
}

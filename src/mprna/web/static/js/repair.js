// Which bases look substituted, and what stood there.

import { heatmap, LETTERS } from "./heatmap.js";
import { createTrack } from "./track.js";

const NOTE =
  "The darker a cell, the more probable that this base is the original one, by a language model that sees the rest of the RNA. A dot is the " +
  "base that is there. Few substitutions are clear from the sequence alone.";

export function createRepair(container, handlers) {
  return createTrack(container, { verb: "repair", note: NOTE, draw, ...handlers });
}

function draw([{ values, repairs }], { sequence }, room) {
  const probs = [...sequence].map((_, index) => LETTERS.map((letter) => values[`p_${letter}`][index]));
  const words = (index, letter, p) => `${letter} at ${index + 1}: ${p.toFixed(2)}`;
  const label = `Probability of ${LETTERS.join(", ")} at ${sequence.length} positions`;
  return { text: proposals(repairs), picture: heatmap({ sequence, values: probs, room, label, words }) };
}

function proposals(repairs) {
  if (repairs.length === 0) return "Nothing looks wrong enough to be changed.";
  const list = repairs.map(({ seen, position, base, probability }) => `${seen}${position}${base} (${probability.toFixed(2)})`);
  return `Proposed: ${list.join(", ")}.`;
}

// The colours of mprna's own drawings (draw/colours.py), and what may be coloured by what.

import { base } from "./sequence.js";

const LETTERS = { A: "#fbd48a", C: "#a6d3f2", G: "#94d6bd", U: "#ecb9d5" };
const OTHER_LETTER = "#e4e7eb";

/** ColorBrewer YlGnBu, pale to dark blue. */
const SCALE = [
  [255, 255, 217], [237, 248, 177], [199, 233, 180], [127, 205, 187], [65, 182, 196],
  [29, 145, 192], [34, 94, 168], [37, 52, 148], [8, 29, 88],
];

export const PLAIN = "#f3f1ea";
export const CHANGED = "#f2a65a";

export const COLOURINGS = {
  state: { label: "Probability of what is drawn", short: "Probability" },
  pair: { label: "Probability of being paired", short: "Pairing" },
  letter: { label: "Letter", short: "Letter" },
  none: { label: "No colour", short: "None" },
};

export function scaleColour(value) {
  const place = Math.min(Math.max(value, 0), 1) * (SCALE.length - 1);
  const low = Math.min(Math.floor(place), SCALE.length - 2);
  const share = place - low;
  const mix = SCALE[low].map((channel, k) => Math.round(channel + share * (SCALE[low + 1][k] - channel)));
  return `rgb(${mix.join(" ")})`;
}

export const scaleGradient = () =>
  SCALE.map((rgb, index) => ({ offset: index / (SCALE.length - 1), colour: `rgb(${rgb.join(" ")})` }));

/** White or dark letters, whichever reads better. */
export const inkOn = (value) => (value > 0.64 ? "#ffffff" : "#1f2933");

/** Fill and ink of every base of a folded row. */
export function fillsOf(row, colouring) {
  if (colouring === "letter") return [...row.sequence].map((letter) => letterFill(letter));
  const values = valuesOf(row, colouring);
  if (values === null) return [...row.sequence].map(() => ({ fill: PLAIN, ink: "#1f2933" }));
  return values.map((value) => ({ fill: scaleColour(value), ink: inkOn(value) }));
}

function letterFill(letter) {
  return { fill: LETTERS[base(letter)] ?? OTHER_LETTER, ink: "#1f2933" };
}

/** The probability that colours every base, or null where nothing is coloured by one. */
export function valuesOf(row, colouring) {
  if (colouring === "pair") return pairedProbabilities(row);
  if (colouring === "state" && row.nucleotide_confidence?.length) return row.nucleotide_confidence;
  return null;
}

function pairedProbabilities(row) {
  const sums = new Array(row.sequence.length).fill(0);
  for (const [i, j, p] of row.pairs) {
    sums[i - 1] += p;
    sums[j - 1] += p;
  }
  return sums.map((sum) => Math.min(sum, 1));
}

export const letterColours = () => Object.entries(LETTERS);

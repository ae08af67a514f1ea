// Numbers as sentences.

import { compare, helicesOf } from "./structure.js";

export const percent = (value) => `${Math.round(100 * value)}\u00a0%`;
export const energyText = (energy) => `${energy.toFixed(2).replace("-", "−")} kcal/mol`;
export const lengthText = (length) => `${length.toLocaleString("en")} nt`;

const ENGINE_NAMES = { hybrid: "hybrid", model: "model alone", vienna: "ViennaRNA" };
export const engineText = (engine) => ENGINE_NAMES[engine] ?? engine;

/** The record that counted most beside the shown one. */
export const relativeText = ({ relative }) => (relative ? `closest relative ${relative}` : "");

export const ENGINE_NOTES = {
  hybrid: "The network reads ViennaRNA's ensembles. The most accurate.",
  model: "The network alone. The fastest for long RNAs.",
  vienna: "ViennaRNA's minimum free energy, for comparison.",
};

/** "high", "fair" or "low", by the confidence of a record. */
export function confidenceLevel(confidence) {
  if (confidence >= 0.8) return "high";
  return confidence >= 0.6 ? "fair" : "low";
}

const ADVICE = {
  high: "Most of this fold can be relied on.",
  fair: "The fold is plausible; look where the colours are pale.",
  low: "Treat this fold as one of several possible ones.",
};

const WINDOW = 1_024; // of the networks

/** What the confidence of a folded row means. */
export function confidenceWords(row) {
  const right = Math.round(row.nucleotide_confidence.reduce((sum, p) => sum + p, 0));
  const expected = `About ${right} of the ${row.length} bases should be drawn right: with their true partner, or rightly without one.`;
  const advice = row.engine === "vienna" ? "This is ViennaRNA's own estimate, which tends to be too high." : ADVICE[confidenceLevel(row.confidence)];
  const pairs = row.dot_bracket.includes("(") ? ` Expected F1 of the pairs: ${row.expected_f1.toFixed(2)}.` : "";
  const windows = row.length > WINDOW && row.engine !== "vienna" ? ` Read in windows: pairs more than ${lengthText(WINDOW)} apart are not looked for.` : "";
  return `${expected}${pairs} ${advice}${windows}`;
}

/** What a fold has that another of the same length has not. */
export function effectText(row, other) {
  const { onlyFirst, onlySecond } = compare(row.dot_bracket, other.dot_bracket);
  const difference = row.energy - other.energy;
  const energy = `${difference < 0 ? "−" : "+"}${Math.abs(difference).toFixed(2)} kcal/mol`;
  if (onlyFirst.length + onlySecond.length === 0) return `The same pairs, ${energy}.`;
  return `${onlySecond.length} ${onlySecond.length === 1 ? "pair" : "pairs"} lost, ${onlyFirst.length} new, ${energy}.`;
}

/** The helix that is least sure, or null if there are fewer than two. */
export function weakestHelix(row) {
  const helices = helicesOf(row.dot_bracket).filter(({ pairs }) => pairs.length > 1);
  if (helices.length < 2) return null;
  return helices.map((helix) => ({ helix, sure: helixConfidence(helix, row) })).reduce((a, b) => (b.sure < a.sure ? b : a));
}

export function helixConfidence({ pairs }, row) {
  return pairs.reduce((sum, [i]) => sum + (row.nucleotide_confidence[i] ?? 0), 0) / pairs.length;
}

export const helixText = ({ start5, end5, start3, end3 }) =>
  start5 === end5 ? `${start5 + 1} with ${end3 + 1}` : `${start5 + 1}–${end5 + 1} with ${start3 + 1}–${end3 + 1}`;

/** "G26, paired with C44, probability 0.71" */
export function baseWords(row, partners, index) {
  const partner = partners[index];
  const name = `${row.sequence[index]}${index + 1}`;
  const state = partner >= 0 ? `paired with ${row.sequence[partner]}${partner + 1}` : "unpaired";
  const p = row.nucleotide_confidence?.[index];
  return p === undefined ? `${name}, ${state}` : `${name}, ${state}, probability ${p.toFixed(2)}`;
}

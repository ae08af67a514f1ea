// The state as a URL fragment, which browsers do not send to any server.

import { mutate } from "./sequence.js";
import { KNOWN, VIEW_NAMES, YOURS } from "./state.js";
import { COLOURINGS } from "./colours.js";

const ENGINES = ["hybrid", "model", "vienna"];

/** "#seq=GGGG...&name=..." of what is shown. */
export function toFragment({ records, current, options, changes, own, view, colouring }) {
  const record = records[current];
  if (!record) return "";
  const fields = new URLSearchParams({ seq: record.sequence, name: record.id });
  if (options.engine !== "hybrid") fields.set("engine", options.engine);
  if (options.pseudoknots) fields.set("pseudoknots", "1");
  if (options.min_confidence > 0) fields.set("min", String(options.min_confidence));
  if (options.constraint) fields.set("constraint", options.constraint);
  if (changes.length) fields.set("changes", changes.map(asWord).join(","));
  if (own) fields.set(own.name === KNOWN ? "known" : "own", own.dot_bracket);
  if (view !== "drawing") fields.set("view", view);
  if (colouring !== "state") fields.set("colour", colouring);
  return `#${fields}`;
}

/** The inverse; null where the fragment holds no sequence. What makes no sense is left out. */
export function fromFragment(fragment) {
  const fields = new URLSearchParams(fragment.replace(/^#/, ""));
  const sequence = fields.get("seq");
  if (!sequence) return null;
  const engine = fields.get("engine");
  const view = fields.get("view");
  const colouring = fields.get("colour");
  const min = Number(fields.get("min"));
  return {
    record: {
      id: fields.get("name") || "sequence_1",
      sequence,
      dot_bracket: fields.get("own") ?? fields.get("known"),
      structure_name: fields.has("known") ? KNOWN : YOURS,
    },
    options: {
      engine: ENGINES.includes(engine) ? engine : "hybrid",
      pseudoknots: fields.get("pseudoknots") === "1",
      min_confidence: min > 0 && min <= 1 ? min : 0,
      constraint: fields.get("constraint"),
    },
    changes: changesOf(fields.get("changes") ?? "", sequence),
    view: view in VIEW_NAMES ? view : "drawing",
    colouring: colouring in COLOURINGS ? colouring : "state",
  };
}

/** A change in the field's notation: G26A. */
export const asWord = ({ from, position, to }) => `${from}${position}${to}`;

function changesOf(text, sequence) {
  return text
    .split(",")
    .map((word) => /^([A-Z])(\d+)([ACGU])$/.exec(word))
    .filter((match) => match && Number(match[2]) >= 1 && Number(match[2]) <= sequence.length)
    .map(([, from, position, to]) => ({ from, position: Number(position), to }));
}

export const shownSequence = ({ records, current, changes }) => mutate(records[current].sequence, changes);

// The state as a URL fragment, which browsers do not send to any server.

import { base, mutate, withoutSpace } from "./sequence.js";
import { cutName, KNOWN, LONGEST_NAME, VIEW_NAMES, YOURS } from "./state.js";
import { COLOURINGS } from "./colours.js";

const MOST_CONFIDENCE = 0.95; // of the slider
const ENGINES = ["hybrid", "model", "vienna"];

/** "#seq=GGGG...&name=..." of what is shown; empty where that is nothing. */
export function toFragment({ records, current, options, changes, own, view, colouring }) {
  const record = records[current];
  if (!record?.sequence) return "";
  const fields = new URLSearchParams({ seq: record.sequence, name: record.id });
  if (options.engine !== "hybrid") fields.set("engine", options.engine);
  if (options.pseudoknots) fields.set("pseudoknots", "1");
  if (options.min_confidence > 0) fields.set("min", String(options.min_confidence));
  if (options.relatives) fields.set("relatives", "1");
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
  const sequence = withoutSpace(fields.get("seq") ?? "");
  if (!sequence) return null;
  const engine = fields.get("engine");
  const view = fields.get("view");
  const colouring = fields.get("colour");
  const min = Number(fields.get("min"));
  return {
    record: {
      id: fields.get("name") || "sequence_1",
      sequence,
      dot_bracket: withoutSpace(fields.get("own") ?? fields.get("known") ?? "") || null,
      structure_name: fields.has("known") ? KNOWN : YOURS,
    },
    options: {
      engine: ENGINES.includes(engine) ? engine : "hybrid",
      pseudoknots: fields.get("pseudoknots") === "1",
      min_confidence: min > 0 && min <= MOST_CONFIDENCE ? min : 0,
      constraint: fields.get("constraint"),
      relatives: fields.get("relatives") === "1",
    },
    changes: changesOf(fields.get("changes") ?? "", sequence),
    view: Object.hasOwn(VIEW_NAMES, view) ? view : "drawing",
    colouring: Object.hasOwn(COLOURINGS, colouring) ? colouring : "state",
  };
}

/** A change in the field's notation: G26A. */
export const asWord = ({ from, position, to }) => `${from}${position}${to}`;

/** Those that are changes of this sequence, the last one of each position. */
function changesOf(text, sequence) {
  const found = text
    .split(",")
    .map((word) => /^([A-Z])(\d+)([ACGU])$/.exec(word))
    .filter(Boolean)
    .map(([, from, position, to]) => ({ from, position: Number(position), to }))
    .filter(({ from, position, to }) => from !== to && base(sequence[position - 1] ?? "") === from);
  return [...new Map(found.map((change) => [change.position, change])).values()];
}

const MOST_NAMED = 3;

/** The name of what is shown: that of the record, and what was changed. */
export function shownName({ row, changes }) {
  if (!changes.length) return row.id;
  const what = changes.length > MOST_NAMED ? `_${changes.length}_changes` : `_${changes.map(asWord).join("_")}`;
  return cutName(row.id, LONGEST_NAME - what.length) + what;
}

export const shownSequence = ({ records, current, changes }) => mutate(records[current].sequence, changes);

// What the user pasted or dropped, as records. The server judges the letters.

const STRUCTURE = /^(\.+|[.()[\]{}<>A-Za-z]*[()[\]{}<>][.()[\]{}<>A-Za-z]*)(\s+\(?\s*-?[\d.]+\s*\)?)?$/;

/** What RNAfold prints below the structure: others with their energies, and a sentence. */
const BESIDES = /^([.,|(){}[\]<>]|frequency\b)/;
const NUMBERED = /^(\d+)\s+(?=[A-Za-z])/;
const LONGEST_WORD = 10; // a first word as long as a block of GenBank is one

/** Text that cannot be read as RNAs. */
export class InputError extends Error {}

/**
 * FASTA, Vienna (a structure below the sequence) or bare sequences, one in each line, as `mprna fold` reads them.
 * Lines may be numbered as in GenBank. Returns [{ id, sequence, dot_bracket }], with dot_bracket null where none was given.
 */
export function parseInput(text) {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/).map((line) => line.trim());
  const records = [];
  let open = null; // the record that has a header of its own
  for (const line of lines) {
    if (line === "" || line.startsWith(";") || line.startsWith("#")) continue;
    if (line.startsWith(">")) {
      open = newRecord(line.slice(1).trim().split(/\s+/)[0], records.length);
      records.push(open);
      continue;
    }
    const last = records.at(-1);
    const letters = line.replace(NUMBERED, "");
    if (last && isStructureOf(last, line)) last.dot_bracket = line.split(/\s/)[0];
    else if (last?.dot_bracket && BESIDES.test(line)) continue;
    else if (open || isNextOf(last, line)) last.sequence += withoutSpace(letters);
    else records.push({ ...newRecord("", records.length), sequence: withoutSpace(nameless(letters)) });
  }
  return records;
}

/** Dots alone may be a sequence; brackets never are, so a structure of another length is one too, and the server says so. */
function isStructureOf({ sequence, dot_bracket }, line) {
  const [symbols] = line.split(/\s/);
  return dot_bracket === null && STRUCTURE.test(line) && (symbols.length === sequence.length || /[()[\]{}<>]/.test(symbols));
}

/** Whether the number before a line goes on with a record. */
const isNextOf = (last, line) => Number(NUMBERED.exec(line)?.[1]) - 1 === last?.sequence.length;

/** Names and sequences in one line would be joined (`check_is_nameless` of the command line). */
function nameless(line) {
  const [first, second, ...others] = line.split(/\s+/);
  if (second === undefined || others.length || first.length >= LONGEST_WORD) return line;
  if (first.length >= second.length && /^[acgtun]+$/i.test(first)) return line;
  const shown = line.length > 40 ? `${line.slice(0, 39)}…` : line;
  throw new InputError(`Two words in a line (${shown}): write names as '>NAME' above their sequences.`);
}

export const withoutSpace = (text) => text.replace(/\s/g, "");

function newRecord(id, index) {
  return { id: id || `sequence_${index + 1}`, sequence: "", dot_bracket: null };
}

/** Records as FASTA, with their structures below; bare where none of them ever had a name. */
export function textOf(records) {
  const isNameless = records.every(({ id }, index) => id === newRecord("", index).id);
  return records.map(isNameless ? lettersOf : asText).join("\n");
}

const lettersOf = ({ sequence, dot_bracket }) => (dot_bracket ? `${sequence}\n${dot_bracket}` : sequence);
const asText = (record) => `>${record.id}\n${lettersOf(record)}`;

/** Whether two lists hold the same RNAs and structures. */
export const sameRecords = (some, others) => some.map(asText).join("\n") === others.map(asText).join("\n");

const bare = ({ id, sequence }) => asText({ id, sequence });

/** Whether two lists hold the same RNAs, with any structures. */
export const sameRnas = (some, others) => some.map(bare).join("\n") === others.map(bare).join("\n");

/** A letter as the field reads it: upper case, U for T. */
export function base(letter) {
  const upper = letter.toUpperCase();
  return upper === "T" ? "U" : upper;
}

/** `sequence` with the changes [{ position (1-based), to }], in the letter case and T or U of the original. */
export function mutate(sequence, changes) {
  const letters = [...sequence];
  const hasT = /t/i.test(sequence) && !/u/i.test(sequence);
  for (const { position, to } of changes) {
    const old = letters[position - 1];
    const letter = to === "U" && hasT ? "T" : to;
    letters[position - 1] = old === old.toLowerCase() ? letter.toLowerCase() : letter;
  }
  return letters.join("");
}

const PAIRS = new Set(["AU", "UA", "GC", "CG", "GU", "UG"]);
const WOBBLES = new Set(["GU", "UG"]);

/** "watson-crick", "wobble" or "other". */
export function pairKind(first, second) {
  const kind = base(first) + base(second);
  if (WOBBLES.has(kind)) return "wobble";
  return PAIRS.has(kind) ? "watson-crick" : "other";
}

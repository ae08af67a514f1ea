// The left column: sequence, file, options, examples, records.

import { byId, debounce, html, svg } from "./dom.js";
import { MOST_RECORDS } from "./folding.js";
import { InputError, parseInput, sameRecords, textOf } from "./sequence.js";
import { pairsOf } from "./structure.js";
import { ENGINE_NOTES, lengthText, percent } from "./words.js";

const FIRST = ["yeast_tRNA_Phe", "hammerhead_ribozyme", "SAM_I_riboswitch", "SARS_CoV_2_frameshift", "human_FTH1_5UTR"];
const LARGEST_FILE = 20_000_000;
const OTHER_FORMATS = /\.(gz|bz2|xz|zst|zip|docx?|xlsx?|pdf|tsv|csv|jsonl?|parquet|ct|bpseq|gbk?|sto|stk|aln)$/i;
const NO_TEXT = /[\0\uFFFD]/;

export function showMessage(text) {
  const message = byId("input-message");
  message.hidden = text === null;
  message.textContent = text ?? "";
  byId("sequence-input").setAttribute("aria-invalid", String(text !== null));
}

export function setText(records) {
  byId("sequence-input").value = textOf(records);
}

export function mountInput(store, folding) {
  const input = byId("sequence-input");
  const options = mountOptions(store, folding);

  function submit(text) {
    const records = recordsIn(text);
    if (records === null) return;
    if (records.length === 0) return showMessage("Paste a sequence first, or choose an example.");
    const { records: before, current, changes } = store.get();
    if (sameRecords(records, before)) return folding.foldRecords(before, { options: options(), current, changes });
    folding.foldRecords(records.slice(0, MOST_RECORDS), { options: options() });
    if (records.length > MOST_RECORDS) {
      showMessage(`The first ${MOST_RECORDS} of ${records.length} records; the command \`mprna fold\` takes them all.`);
    }
  }

  byId("fold-form").addEventListener("submit", (event) => {
    event.preventDefault();
    submit(input.value);
  });
  byId("stop").addEventListener("click", () => {
    folding.stop();
    byId("fold").focus();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("fold-form").requestSubmit();
  });
  mountFiles(async (file) => {
    if (file.size > LARGEST_FILE) return showMessage(`${file.name} is too large for this page; use \`mprna fold\`.`);
    const text = await file.text();
    if (OTHER_FORMATS.test(file.name) || NO_TEXT.test(text.slice(0, 1_000))) {
      return showMessage(`${file.name}: this page reads FASTA and Vienna files; \`mprna fold FILE\` reads more.`);
    }
    input.value = text;
    submit(text);
  });
  store.on(["rows", "current"], (state) => showRecords(state, folding));
}

/** Null where the text cannot be read, which is said. */
function recordsIn(text) {
  try {
    return parseInput(text);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    showMessage(error.message);
    return null;
  }
}

const hasFiles = (event) => Boolean(event.dataTransfer?.types.includes("Files"));

function mountFiles(open) {
  const drop = byId("drop");
  const picker = byId("file-input");
  picker.addEventListener("change", () => {
    if (picker.files.length) open(picker.files[0]);
    picker.value = "";
  });
  let depth = 0;
  const mark = () => drop.classList.toggle("over", depth > 0);
  const onFiles = (type, handle) => document.addEventListener(type, (event) => hasFiles(event) && handle(event));
  onFiles("dragenter", () => mark((depth += 1)));
  onFiles("dragleave", () => mark((depth = Math.max(depth - 1, 0))));
  onFiles("dragover", (event) => event.preventDefault());
  onFiles("drop", (event) => {
    event.preventDefault();
    mark((depth = 0));
    const [file] = event.dataTransfer.files;
    if (file) open(file);
  });
}

/** Returns what reads the options off the controls. */
function mountOptions(store, folding) {
  const engines = [...document.querySelectorAll("input[name=engine]")];
  const pseudoknots = byId("pseudoknots");
  const relatives = byId("relatives");
  const least = byId("min-confidence");
  const constraint = byId("constraint");

  const read = () => ({
    engine: engines.find(({ checked }) => checked).value,
    pseudoknots: pseudoknots.checked,
    min_confidence: Number(least.value),
    constraint: constraint.value.trim() || null,
    relatives: relatives.checked,
  });
  const changed = debounce(() => folding.setOptions(read()), 150);
  for (const control of [...engines, pseudoknots, relatives, constraint]) control.addEventListener("change", changed);
  least.addEventListener("input", () => {
    byId("min-confidence-value").textContent = least.value;
    changed();
  });

  const show = ({ options }) => {
    for (const engine of engines) engine.checked = engine.value === options.engine;
    pseudoknots.checked = options.pseudoknots;
    pseudoknots.disabled = options.engine === "vienna";
    relatives.checked = options.relatives;
    least.value = options.min_confidence;
    byId("min-confidence-value").textContent = String(options.min_confidence);
    byId("engine-note").textContent = ENGINE_NOTES[options.engine];
    const isPlain = !options.pseudoknots && !options.relatives && options.min_confidence === 0 && !options.constraint;
    if (!isPlain) byId("more-options").open = true;
  };
  store.on(["options"], show);
  // Not with the options: one that cannot be folded stays in its field.
  store.on(["records"], ({ options }) => (constraint.value = options.constraint ?? ""));
  show(store.get());
  return read;
}

function showRecords({ records, rows, current }, folding) {
  byId("records").hidden = records.length < 2;
  if (records.length < 2) return;
  const list = byId("record-list");
  const at = [...list.querySelectorAll("button")].indexOf(document.activeElement);
  byId("records-title").textContent = `${records.length} records`;
  list.replaceChildren(
    ...records.map((record, index) => {
      const row = rows[index];
      return html(
        "li",
        {},
        html(
          "button",
          {
            type: "button",
            class: row?.error ? "record failed" : "record",
            "aria-current": index === current ? "true" : null,
            disabled: row === null,
            onclick: () => folding.show(index),
          },
          html("span", {}, record.id),
          html("span", { class: "hint" }, status(record, row)),
        ),
      );
    }),
  );
  if (at >= 0) list.querySelectorAll("button")[at]?.focus({ preventScroll: true });
}

function status(record, row) {
  if (row === null) return "…";
  if (row.error) return "not folded";
  const sure = row.confidence === null ? "" : `, ${percent(row.confidence)}`;
  return `${lengthText(record.sequence.length)}${sure}`;
}

/** Buttons of the first few examples, and the gallery of all on the empty page. */
export function mountExamples(examples, open) {
  const rank = ({ id }) => (FIRST.includes(id) ? FIRST.indexOf(id) : FIRST.length);
  const sorted = [...examples].sort((a, b) => rank(a) - rank(b));
  byId("examples").replaceChildren(
    ...sorted.slice(0, FIRST.length).map((example) =>
      html("li", {}, html("button", { type: "button", class: "chip", "data-example": example.id, onclick: () => open(example) }, title(example))),
    ),
  );
  byId("welcome-examples").replaceChildren(...sorted.map((example) => html("li", {}, card(example, open))));
}

function card(example, open) {
  return html(
    "button",
    { type: "button", class: "example-card", onclick: () => open(example) },
    thumbnail(example),
    html("strong", {}, title(example)),
    html("span", { class: "hint" }, lengthText(example.sequence.length)),
  );
}

const title = ({ id, description }) => (description ?? id.replaceAll("_", " ")).split(/[;(,]/)[0].trim();

/** The known structure as arcs. */
function thumbnail({ sequence, dot_bracket }) {
  const [width, height, line] = [150, 62, 58];
  const pairs = dot_bracket ? pairsOf(dot_bracket) : [];
  const step = width / Math.max(sequence.length - 1, 1);
  const widest = Math.max(8, ...pairs.map(([i, j]) => j - i));
  const flat = Math.min(1, (line - 4) / ((widest * step) / 2));
  const paths = pairs.map(([i, j]) => {
    const rx = ((j - i) * step) / 2;
    const name = dot_bracket[i] === "(" ? "thumb-arc" : "thumb-arc thumb-knot";
    return svg("path", { class: name, d: `M${(i * step).toFixed(1)} ${line}A${rx.toFixed(1)} ${(rx * flat).toFixed(1)} 0 0 1 ${(j * step).toFixed(1)} ${line}` });
  });
  return svg("svg", { class: "thumb", viewBox: `-2 0 ${width + 4} ${height}`, "aria-hidden": "true" }, paths, svg("path", { class: "thumb-line", d: `M0 ${line}H${width}` }));
}

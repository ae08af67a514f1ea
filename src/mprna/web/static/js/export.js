// Files for other programs. The server writes them, so that they are those of the command line.

import * as api from "./api.js";
import { COLOURINGS, valuesOf } from "./colours.js";
import { byId, html, toast } from "./dom.js";
import { shownName } from "./permalink.js";

const FORMATS = [
  ["svg", "SVG", "drawing, to edit"],
  ["png", "PNG", "drawing, for slides"],
  ["dbn", "Dot-bracket", ".dbn"],
  ["vienna", "Vienna", "as RNAfold prints it"],
  ["ct", "CT", "connectivity table"],
  ["bpseq", "BPSEQ", "partner of every base"],
  ["tsv", "TSV", "for spreadsheets"],
  ["jsonl", "JSON", "with pair probabilities"],
];

const PICTURES = new Set(["svg", "png"]);

export function mountExport(store) {
  const button = byId("export-button");
  const menu = byId("export-menu");
  menu.append(
    ...FORMATS.map(([format, name, what]) =>
      html(
        "button",
        { type: "button", role: "menuitem", tabindex: -1, "data-format": format, onclick: () => run(format) },
        html("strong", {}, name),
        html("span", { class: "hint" }, what),
      ),
    ),
  );

  async function run(format) {
    close();
    button.focus();
    try {
      const record = recordOf(store.get());
      save(await api.convert(PICTURES.has(format) ? coloured(record, store.get()) : { record }, format));
    } catch (error) {
      toast(error.message);
    }
  }

  function open() {
    menu.hidden = false;
    button.setAttribute("aria-expanded", "true");
    menu.firstChild.focus();
  }

  function close() {
    menu.hidden = true;
    button.setAttribute("aria-expanded", "false");
  }

  button.addEventListener("click", () => (menu.hidden ? open() : close()));
  menu.addEventListener("keydown", (event) => {
    const items = [...menu.children];
    const at = items.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      items[(next + items.length) % items.length].focus();
    }
    if (event.key === "Escape") {
      close();
      button.focus();
    }
  });
  document.addEventListener("pointerdown", (event) => {
    if (!menu.hidden && !event.target.closest(".menu")) close();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget) && event.relatedTarget !== button) close();
  });
}

/** As on the page, but by letter where there are no probabilities: the server draws nothing without a colour. */
function coloured(record, { row, colouring }) {
  const values = valuesOf(row, colouring);
  if (values === null) return { record: { ...record, pairs: null, nucleotide_confidence: null } };
  return { record: { ...record, nucleotide_confidence: values }, colour_label: COLOURINGS[colouring].label.toLowerCase() };
}

function recordOf({ row, changes }) {
  const { sequence, dot_bracket, energy, confidence, expected_f1, pairs, nucleotide_confidence, engine, relative } = row;
  return { id: shownName({ row, changes }), sequence, dot_bracket, energy, confidence, expected_f1, pairs, nucleotide_confidence, engine, relative };
}

function save({ blob, name }) {
  const link = html("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// What a verb says along the sequence: asked once per sequence, drawn in a strip that scrolls.

import * as api from "./api.js";
import { html } from "./dom.js";

export const LEFT = 44;
const NARROWEST = 8.5;
const WIDEST = 20;
const MOST_KEPT = 8;
const kept = new Map(); // answers by verb and sequence, the latest ones last

/**
 * @param draw (answers, row, width) => { text, picture }, of the rows of the verb and the folded record; elements with data-base can be selected.
 * @param numRows (row) => how many rows the verb has for a folded record.
 * @param head what stands above, such as a choice of quantities.
 */
export function createTrack(container, { verb, numRows = () => 1, head = [], note, draw, onSelect, onHover }) {
  let shown = null;
  let waiting = null;
  let marked = [null, null]; // selected, hovered
  const status = html("p", { class: "score", role: "status" });
  const scroll = html("div", { class: "track-scroll", tabindex: 0, role: "group", "aria-label": "Along the sequence" });
  container.append(...head, status, scroll, html("p", { class: "hint" }, note));

  const baseAt = (event) => {
    const node = event.target.closest("[data-base]");
    return node ? Number(node.dataset.base) : null;
  };
  scroll.addEventListener("click", (event) => onSelect(baseAt(event)));
  scroll.addEventListener("pointermove", (event) => onHover(baseAt(event)));
  scroll.addEventListener("pointerleave", () => onHover(null));

  function redraw() {
    if (shown === null) return;
    const { text, picture } = draw(shown.answers, shown.row, scroll.clientWidth);
    status.textContent = text;
    scroll.replaceChildren(picture);
    mark();
  }

  function mark() {
    const [selected, hovered] = marked;
    for (const node of scroll.querySelectorAll(".selected, .hovered")) node.classList.remove("selected", "hovered");
    for (const [index, name] of [[hovered, "hovered"], [selected, "selected"]]) {
      if (index !== null) scroll.querySelector(`[data-base="${index}"]`)?.classList.add(name);
    }
  }

  async function update({ row }) {
    if (shown?.row.sequence === row.sequence) {
      shown = { ...shown, row };
      return redraw();
    }
    waiting?.abort();
    waiting = new AbortController();
    shown = null;
    const key = `${verb} ${row.sequence}`;
    if (kept.has(key)) {
      shown = { answers: kept.get(key), row };
      return redraw();
    }
    const { signal } = waiting;
    const total = numRows(row);
    const onRow = (done) => {
      if (!signal.aborted && total > 1) status.textContent = `Asking… ${Math.floor((100 * done) / total)} %`;
    };
    status.textContent = "Asking…";
    try {
      const answers = await api.ask(verb, { id: row.id, sequence: row.sequence }, { signal, onRow });
      if (answers.every(({ error }) => !error)) keep(key, answers);
      shown = { answers, row };
      redraw();
    } catch (error) {
      if (error.name === "AbortError") return;
      scroll.replaceChildren();
      status.textContent = error.message;
    }
  }

  return {
    update,
    redraw,
    recolour() {},
    view: null,
    leave: () => waiting?.abort(),
    highlight(...places) {
      marked = places;
      mark();
    },
  };
}

function keep(key, answers) {
  kept.set(key, answers);
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
}

/** Pixels per base, so that short RNAs fill the width and long ones scroll. */
export const stepOf = (length, width) => Math.min(Math.max((width - LEFT - 24) / length, NARROWEST), WIDEST);

/** A choice of quantities, as [value, name] pairs. */
export function choice(id, label, options, onchange) {
  const select = html("select", { id, onchange: () => onchange(select.value) }, options.map(([value, name]) => html("option", { value }, name)));
  return html("div", { class: "label" }, html("label", { for: id }, `${label} `), select);
}

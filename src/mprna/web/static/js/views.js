// Tabs, the view below them, its toolbar and keys.

import { createArcs } from "./arcs.js";
import { COLOURINGS, fillsOf } from "./colours.js";
import { createCompare } from "./compare.js";
import { createDegradation } from "./degradation.js";
import { byId, html } from "./dom.js";
import { createDotPlot } from "./dotplot.js";
import { createDrawing } from "./drawing.js";
import { legendOf } from "./legend.js";
import { createRepair } from "./repair.js";
import { VIEW_NAMES, VIEW_VERBS } from "./state.js";
import { partnersOf } from "./structure.js";
import { createTip } from "./tip.js";
import { createVariants } from "./variants.js";
import { baseWords } from "./words.js";

const ON_STAGE = { drawing: createDrawing, arcs: createArcs, dotplot: createDotPlot };
const TRACKS = { degradation: createDegradation, repair: createRepair, variants: createVariants };
const COLOURED = new Set(["drawing", "arcs"]);
const PAN = 60;

export function mountViews(store, folding) {
  const panel = byId("panel");
  const tip = createTip();
  let view = null;
  let stage = null;

  const actions = {
    onSelect: (index) => store.set({ selected: index }),
    onHover: (index) => {
      store.set({ hovered: index });
      const { row } = store.get();
      tip.show(index === null ? null : baseWords(row, partnersOf(row.dot_bracket), index));
    },
    onPair: (pair) => {
      if (pair) tip.show(pairWords(store.get().row, pair));
    },
  };

  function build(name) {
    view?.leave?.();
    panel.replaceChildren();
    tip.show(null);
    stage = null;
    const make = ON_STAGE[name];
    if (make) {
      stage = html("div", { class: "stage", tabindex: 0, role: "application", "aria-label": stageLabel(name), onkeydown: pressed });
      panel.append(stage);
      view = make(stage, { label: VIEW_NAMES[name], ...actions });
    } else if (name === "compare") view = createCompare(panel, { store, setOwn: folding.setOwn, onSelect: actions.onSelect, onHover: actions.onHover });
    else view = TRACKS[name](panel, { onSelect: actions.onSelect, onHover: actions.onHover });
    view.name = name;
    panel.setAttribute("aria-labelledby", `tab-${name}`);
    byId("inspector").hidden = name === "compare";
    byId("toolbar").replaceChildren(...toolbar(name));
    byId("legend").replaceChildren(...legendOf(name, store.get().colouring));
  }

  function update(state) {
    if (!state.row?.dot_bracket) return view?.leave?.();
    if (view?.name !== state.view) build(state.view);
    if (ON_STAGE[view.name]) view.show({ ...state.row, fills: fillsOf(state.row, state.colouring), marks: { changed: changedBases(state) } });
    else view.update(state);
    view.highlight(state.selected, state.hovered);
  }

  function toolbar(name) {
    const tools = [];
    if (COLOURED.has(name)) tools.push(colourSelect());
    if (ON_STAGE[name]) tools.push(zoomButtons());
    return tools;
  }

  function colourSelect() {
    const { colouring } = store.get();
    const options = Object.entries(COLOURINGS).map(([value, { short }]) => html("option", { value, selected: value === colouring }, short));
    const select = html("select", { id: "colouring", onchange: () => store.set({ colouring: select.value }) }, options);
    return html("div", { class: "tool" }, html("label", { for: "colouring" }, "Colour"), select);
  }

  function zoomButtons() {
    const button = (text, label, act) => html("button", { type: "button", "aria-label": label, onclick: act }, text);
    return html(
      "div",
      { class: "tool zoom", role: "group", "aria-label": "Zoom" },
      button("−", "Zoom out", () => view.view.zoomOut()),
      button("Fit", "Fit the drawing", () => view.view.fit()),
      button("+", "Zoom in", () => view.view.zoomIn()),
    );
  }

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = keyAction(event.key.length === 1 ? event.key.toLowerCase() : event.key, event.shiftKey);
    if (!act) return;
    event.preventDefault();
    act();
  }

  function keyAction(key, shift) {
    const { row, selected } = store.get();
    const last = row.sequence.length - 1;
    const move = (index) => () => {
      const place = Math.min(Math.max(index, 0), last);
      store.set({ selected: place });
      view.reveal(place);
    };
    if (/^[acgut]$/.test(key) && selected !== null) return () => folding.change(selected, key.toUpperCase().replace("T", "U"));
    const partner = selected === null ? -1 : partnersOf(row.dot_bracket)[selected];
    const { view: camera } = view;
    return {
      ArrowRight: shift ? () => camera.pan(-PAN, 0) : move(selected === null ? 0 : selected + 1),
      ArrowLeft: shift ? () => camera.pan(PAN, 0) : move(selected === null ? last : selected - 1),
      ArrowUp: () => camera.pan(0, PAN),
      ArrowDown: () => camera.pan(0, -PAN),
      Home: move(0),
      End: move(last),
      p: partner >= 0 ? move(partner) : undefined,
      "+": camera.zoomIn,
      "=": camera.zoomIn,
      "-": camera.zoomOut,
      0: camera.fit,
      Escape: () => store.set({ selected: null }),
    }[key];
  }

  store.on(["row", "view"], update);
  store.on(["row", "view"], () => folding.fetchVienna());
  store.on(["viennaNote"], ({ viennaNote }) => view?.say?.(viennaNote));
  store.on(["own", "vienna"], (state) => {
    if (state.view === "compare") update(state);
  });
  store.on(["colouring"], ({ row, colouring, view: name }) => {
    if (!row?.dot_bracket || !view) return;
    view.recolour(fillsOf(row, colouring));
    if (byId("colouring")) byId("colouring").value = colouring;
    byId("legend").replaceChildren(...legendOf(name, colouring));
  });
  store.on(["selected", "hovered"], ({ selected, hovered }) => view?.highlight(selected, hovered));
  store.on(["verbs", "view"], (state) => showTabs(state, store));
  showTabs(store.get(), store);
}

const stageLabel = (name) =>
  `${VIEW_NAMES[name]}. Left and right arrows move along the sequence, P goes to the partner, A C G U change the base, plus and minus zoom.`;

function changedBases({ row, original }) {
  if (!original || original === row) return [];
  return [...row.sequence].flatMap((letter, index) => (letter !== original.sequence[index] ? [index] : []));
}

function pairWords(row, [i, j, p]) {
  const name = `${row.sequence[i]}${i + 1}–${row.sequence[j]}${j + 1}`;
  return p === undefined ? `${name}, drawn` : `${name}, probability ${p.toFixed(2)}`;
}

function showTabs({ verbs, view }, store) {
  const names = Object.keys(VIEW_NAMES).filter((name) => !(name in VIEW_VERBS) || verbs.has(VIEW_VERBS[name]));
  const root = byId("tabs");
  const hadFocus = root.contains(document.activeElement);
  const tabs = names.map((name) =>
    html(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${name}`,
        "aria-selected": String(name === view),
        "aria-controls": "panel",
        tabindex: name === view ? 0 : -1,
        onclick: () => store.set({ view: name }),
      },
      VIEW_NAMES[name],
    ),
  );
  root.replaceChildren(...tabs);
  root.onkeydown = (event) => {
    const at = names.indexOf(store.get().view);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    store.set({ view: names[(next + names.length) % names.length] });
  };
  if (hadFocus) byId(`tab-${view}`)?.focus();
}

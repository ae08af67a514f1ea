// One state for the whole page. Views subscribe to the keys that they show.

const INITIAL = {
  records: [],          // [{ id, sequence, dot_bracket }] as entered
  rows: [],             // folded rows beside them, or null while they are being folded
  current: 0,           // which record is shown
  options: { engine: "hybrid", pseudoknots: false, min_confidence: 0, constraint: null, relatives: false },
  row: null,            // the shown fold: of the record, or of its mutant
  original: null,       // the fold before any change
  changes: [],          // [{ position (1-based), from, to }]
  folding: false,       // whether what is shown will soon be something else
  vienna: null,         // ViennaRNA's fold of the same sequence
  viennaNote: "",       // why there is none
  own: null,            // { dot_bracket, energy, layout, name }: the user's or the known structure
  view: "drawing",
  colouring: "state",
  selected: null,       // 0-based
  hovered: null,
  verbs: new Set(),     // what this server can do
};

export function createStore() {
  let state = { ...INITIAL };
  const listeners = [];
  return {
    get: () => state,
    /** Replace some keys and tell those who listen to any that changed. */
    set(patch) {
      const changed = Object.keys(patch).filter((name) => state[name] !== patch[name]);
      if (changed.length === 0) return;
      state = { ...state, ...patch };
      for (const { keys, listener } of listeners) {
        if (keys.some((name) => changed.includes(name))) listener(state);
      }
    },
    on(keys, listener) {
      listeners.push({ keys, listener });
    },
  };
}

/** Letters of a name that the server takes. */
export const LONGEST_NAME = 200;

/** The first letters of a name; none is cut in two. */
export const cutName = (name, most = LONGEST_NAME) => [...name].slice(0, most).join("");

/** Names of structures that did not come from an engine. */
export const KNOWN = "Known structure";
export const YOURS = "Yours";

export const VIEW_NAMES = {
  drawing: "Drawing",
  arcs: "Arcs",
  dotplot: "Dot plot",
  compare: "Compare",
  degradation: "Degradation",
  repair: "Repair",
  variants: "Variants",
};

/** Views that need a verb which older or smaller servers may lack. */
export const VIEW_VERBS = { degradation: "degrade", repair: "repair", variants: "scan" };

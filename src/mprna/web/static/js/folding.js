// From what the user asks to what the page shows: all folds start here.

import * as api from "./api.js";
import { announce, byId } from "./dom.js";
import { base, mutate, sameRnas } from "./sequence.js";
import { cutName, YOURS } from "./state.js";
import { effectText } from "./words.js";

export const MOST_RECORDS = 200;
const CHUNK = 8;
const PATIENCE = 600;
const NOTHING = { changes: [], original: null, own: null, vienna: null, selected: null, row: null };

export function createFolding(store, { onMessage, onFolded }) {
  let running = null; // what the user waits for
  let behind = null; // the other records, which are folded behind the one that is shown
  let aside = null; // ViennaRNA's fold, for the comparison
  let wanted = null; // the changes that are being folded; further ones build on them
  let foldedWith = null; // the options of `original`

  async function tracked(controller, work) {
    busy(controller, true);
    try {
      await work(controller.signal);
    } catch (error) {
      if (error.name !== "AbortError") onMessage(error.message);
    } finally {
      busy(controller, false);
    }
  }

  /** A new request, for these changes, replaces the one that is under way. */
  async function exclusively(changes, work) {
    running?.abort();
    const mine = (running = new AbortController());
    wanted = changes;
    onMessage(null);
    store.set({ folding: true });
    await tracked(mine, work);
    if (running !== mine) return;
    wanted = null;
    store.set({ folding: false, options: foldedWith }); // others where a fold failed or was stopped
  }

  /** Fold new records: the one that is to be shown at once, the others after it. */
  async function foldRecords(records, { options = store.get().options, current = 0, changes = [] } = {}) {
    behind?.abort();
    const mine = (behind = new AbortController());
    announce(records.length === 1 ? `Folding ${records[0].id}.` : `Folding ${records.length} records.`);
    foldedWith = options;
    await exclusively(changes, async (signal) => {
      const rows = records.map(() => null);
      store.set({ ...NOTHING, records, rows, current, options });
      place(await foldChunk([records[current]], sent(options, records), signal), [current]);
      await present(current, changes, signal);
    });
    if (records.length > 1 && !mine.signal.aborted) await tracked(mine, (signal) => foldOthers(records, options, current, signal));
  }

  async function foldOthers(records, options, current, signal) {
    const others = records.map((_, index) => index).filter((index) => index !== current);
    for (let start = 0; start < others.length; start += CHUNK) {
      const indices = others.slice(start, start + CHUNK);
      place(await foldChunk(indices.map((index) => records[index]), sent(options, records), signal), indices);
    }
    const failed = store.get().rows.filter((row) => row?.error).length;
    if (failed) onMessage(`${failed} of ${records.length} records could not be folded; choose one in the list to see why.`);
  }

  function place(found, indices) {
    const rows = [...store.get().rows];
    found.forEach((row, k) => (rows[indices[k]] = row));
    store.set({ rows });
  }

  /** What is not folded yet says so in the list. */
  function stop() {
    running?.abort();
    behind?.abort();
    aside?.abort();
    const { records, rows } = store.get();
    store.set({ rows: rows.map((row, index) => row ?? { ...entry(records[index]), error: "stopped; press Fold to go on" }) });
  }

  /** Show a record that is folded, with its own structure and its changes. */
  async function present(index, changes, signal) {
    const { rows, records } = store.get();
    const row = rows[index];
    store.set({ ...NOTHING, current: index, original: row.error ? null : row, row });
    if (row.error) return onMessage(`${row.id}: ${row.error}`);
    const { dot_bracket, structure_name } = records[index];
    const tell = unlessAborted((error) => onMessage(error.message));
    if (dot_bracket) await setOwn(dot_bracket, structure_name ?? YOURS, signal).catch(tell);
    onFolded(row);
    if (changes.length) await refold(changes, signal);
  }

  /** Fold the record with changes, and anew without them if the options are new; else the original needs no asking. */
  async function refold(changes, signal) {
    const { original: before, row: shown, records, current, options, own } = store.get();
    const { sequence } = records[current];
    const original = options === foldedWith ? before : await foldCurrent(sequence, signal);
    const row = changes.length ? await foldCurrent(mutate(sequence, changes), signal) : original;
    foldedWith = options;
    if (original !== before) place([original], [current]);
    store.set({ changes, original, row, vienna: null });
    announce(`Folded again. ${effectText(row, shown)}`);
    if (own) await setOwn(own.dot_bracket, own.name, signal).catch(unlessAborted(() => store.set({ own: null })));
  }

  async function foldCurrent(sequence, signal) {
    const { records, current, options } = store.get();
    const others = records.filter((_, index) => index !== current);
    const [row] = await api.fold([entry({ ...records[current], sequence })], sent(options, others), { signal });
    if (row.error) throw new Error(`${row.id}: ${row.error}`);
    return row;
  }

  /** @param make (changes asked for last) => the changes that are wanted now. */
  function setChanges(make) {
    const next = make(wanted ?? store.get().changes);
    return exclusively(next, (signal) => refold(next, signal));
  }

  /** The user's own structure, judged for the sequence that is shown. */
  async function setOwn(dotBracket, name, signal) {
    const { row } = store.get();
    const { energy, layout } = await api.judgeStructure(row.sequence, dotBracket, { signal });
    if (store.get().row === row) store.set({ own: { name, dot_bracket: dotBracket, energy, layout } });
  }

  /** ViennaRNA's fold of the shown sequence, while it is compared. */
  async function fetchVienna() {
    aside?.abort();
    const { row, vienna, options, view } = store.get();
    const isWanted = view === "compare" && row && !row.error && !vienna && row.engine !== "vienna";
    store.set({ viennaNote: isWanted ? "Folding with ViennaRNA…" : "" });
    if (!isWanted) return;
    const { signal } = (aside = new AbortController());
    const asked = { engine: "vienna", pseudoknots: false, min_confidence: 0, constraint: options.constraint };
    try {
      const [found] = await api.fold([{ id: row.id, sequence: row.sequence }], sent(asked), { signal });
      if (store.get().row !== row) return;
      store.set(found.error ? { viennaNote: `ViennaRNA: ${found.error}` } : { vienna: found, viennaNote: "" });
    } catch (error) {
      if (signal === aside.signal) store.set({ viennaNote: signal.aborted ? "" : error.message });
    }
  }

  return {
    stop,
    foldRecords,
    setOwn,
    fetchVienna,
    show: (index) => exclusively([], (signal) => present(index, [], signal)),
    /** Whether these records are there and the current one is folded in this way. */
    has({ records, current }, options) {
      const { records: mine, rows, options: how } = store.get();
      return sameRnas(records, mine) && Boolean(rows[current]) && JSON.stringify(options) === JSON.stringify(how);
    },
    /** To a record that is there, or only to its changes. */
    goTo(index, changes) {
      const now = store.get();
      if (index !== now.current || !now.original) return exclusively(changes, (signal) => present(index, changes, signal));
      if (JSON.stringify(changes) !== JSON.stringify(wanted ?? now.changes)) return setChanges(() => changes);
    },
    clear() {
      running?.abort();
      behind?.abort();
      aside?.abort();
      onMessage(null);
      store.set({ ...NOTHING, records: [], rows: [], current: 0 });
    },
    /** Other options for the same records; changes stay. */
    setOptions(options) {
      const { records, current, changes, original, options: before } = store.get();
      if (JSON.stringify(options) === JSON.stringify(before)) return;
      store.set({ options });
      if (!records.length) return;
      if (records.length > 1 || !original) return foldRecords(records, { options, current, changes: wanted ?? changes });
      return setChanges((now) => now);
    },
    /** Put another base at a 0-based position. */
    change(index, to) {
      const { original } = store.get();
      const position = index + 1;
      const from = base(original.sequence[index]);
      return setChanges((changes) => {
        const others = changes.filter((change) => change.position !== position);
        return to === from ? others : [...others, { position, from, to }];
      });
    },
    setChanges,
  };
}

/** Rows of some records. A limit refuses a whole request, so it is then asked for one by one. */
async function foldChunk(records, request, signal) {
  try {
    return await api.fold(records.map(entry), request, { signal });
  } catch (error) {
    if (!(error instanceof api.ApiError) || error.code === "offline") throw error;
    if (records.length === 1) return [{ id: records[0].id, sequence: records[0].sequence, error: error.message }];
    const rows = [];
    for (const record of records) rows.push(...(await foldChunk([record], request, signal)));
    return rows;
  }
}

const unlessAborted = (handle) => (error) => {
  if (error.name === "AbortError") throw error;
  return handle(error);
};

const entry = ({ id, sequence }) => ({ id: cutName(id), sequence });

/** What the server understands: ViennaRNA's engine has no pseudoknots. An RNA is no relative of itself. */
function sent(options, others = []) {
  const { engine, pseudoknots, min_confidence, constraint, relatives } = options;
  return {
    engine,
    pseudoknots: pseudoknots && engine !== "vienna",
    min_confidence,
    constraint: constraint || null,
    relatives: relatives ? others.map(entry) : [],
  };
}

const working = new Set();
let patience = 0;

/** The bar moves at once; the button to stop comes when it takes longer. */
function busy(work, isBusy) {
  if (isBusy) working.add(work);
  else working.delete(work);
  byId("result").setAttribute("aria-busy", String(working.size > 0));
  document.body.classList.toggle("busy", working.size > 0);
  clearTimeout(patience);
  byId("stop").hidden = true;
  if (working.size > 0) patience = setTimeout(() => (byId("stop").hidden = false), PATIENCE);
}

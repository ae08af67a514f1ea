// The address holds what is shown, and Back what was shown before.

import { byId, debounce, toast } from "./dom.js";
import { fromFragment, toFragment } from "./permalink.js";
import { sameRnas } from "./sequence.js";

const SHOWN = ["records", "row", "changes", "own", "view", "colouring", "options", "folding"];
const MOST_LETTERS = 1_000_000; // of one step

/** @param open (fragment, kept) => shows them; `kept` are the records of that step, { records, current }, or null. */
export function mountAddress(store, open) {
  let asked = null; // the RNA that the address asked for, until it is shown
  let known = null; // the address as it was last read or written

  function write() {
    if (location.hash !== known) return; // a step back whose event has not come yet
    const state = store.get();
    const fragment = toFragment(state);
    const [before, now] = [location.hash, fragment].map(stepOf);
    const isNew = now.rna !== before.rna;
    const isEarly = state.folding && (state.row !== null || !isNew);
    if (!fragment || fragment.length > MOST_LETTERS || isEarly) return;
    const isStep = asked !== now.rna && (isNew || now.look !== before.look);
    // What is there stays: a write would cancel a step back that has just been asked for.
    if (fragment !== location.hash || !isKept(history.state, state)) {
      history[isStep ? "pushState" : "replaceState"](keptOf(state), "", fragment);
      known = location.hash;
    }
    if (!state.folding) asked = null;
  }

  function follow() {
    known = location.hash;
    asked = known === "" ? null : stepOf(known).rna;
    open(known, history.state);
    writeSoon();
  }

  const writeSoon = debounce(write, 120);
  store.on(SHOWN, writeSoon);
  addEventListener("hashchange", follow);
  byId("copy-link").addEventListener("click", () => {
    write();
    copyLink(store.get());
  });
  follow();
}

/** Another RNA, change or view is a step for Back; options and colours amend the last one. */
function stepOf(fragment) {
  const { record, changes, view } = fromFragment(fragment) ?? {};
  return { rna: JSON.stringify([record?.id, record?.sequence]), look: JSON.stringify([changes, view]) };
}

/** The fragment holds one record only. */
function keptOf({ records, current }) {
  const letters = records.reduce((sum, { sequence }) => sum + sequence.length, 0);
  return letters > MOST_LETTERS ? null : { records, current };
}

const isKept = (kept, { records, current }) => kept?.current === current && sameRnas(kept.records, records);

/** A link holds one record, so that it could not be folded beside its relatives. */
async function copyLink(state) {
  const isBeside = state.options.relatives && state.records.length > 1;
  const link = new URL(location.href);
  if (isBeside) link.hash = toFragment({ ...state, options: { ...state.options, relatives: false } });
  const what = isBeside ? "this record only, without its relatives" : "the sequence itself";
  try {
    await navigator.clipboard.writeText(link.href);
    toast(`Link copied. It holds ${what}; nothing is stored on a server.`);
  } catch {
    toast("The link is in the address bar.");
  }
}

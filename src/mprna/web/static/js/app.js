// Puts the page together.

import { mountAddress } from "./address.js";
import * as api from "./api.js";
import { announce, byId } from "./dom.js";
import { mountExport } from "./export.js";
import { createFolding } from "./folding.js";
import { mountHelp } from "./help.js";
import { mountHistory, remember } from "./history.js";
import { mountExamples, mountInput, setText, showMessage } from "./input.js";
import { mountInspector } from "./inspector.js";
import { fromFragment, toFragment } from "./permalink.js";
import { createStore, KNOWN, VIEW_VERBS } from "./state.js";
import { mountStrip } from "./strip.js";
import { mountSummary } from "./summary.js";
import { mountTheme } from "./theme.js";
import { mountViews } from "./views.js";
import { percent } from "./words.js";

const store = createStore();
const folding = createFolding(store, { onMessage: showMessage, onFolded: folded });

mountTheme();
mountInput(store, folding);
mountSummary(store, folding);
mountStrip(store);
mountInspector(store, folding.change);
mountViews(store, folding);
mountExport(store);
mountHistory((fragment) => (location.hash = fragment));
mountHelp();
mountSkipLink();
await start();

async function start() {
  try {
    const [examples, verbs] = await Promise.all([api.examples(), api.verbs()]);
    store.set({ verbs });
    mountExamples(examples, openExample);
  } catch (error) {
    showMessage(error.message);
  }
  mountAddress(store, reopen);
}

function openExample({ id, sequence, dot_bracket }) {
  const record = { id, sequence, dot_bracket, structure_name: KNOWN };
  const hasKnot = /[[{<]/.test(dot_bracket ?? "");
  setText([record]);
  folding.foldRecords([record], { options: { ...store.get().options, pseudoknots: hasKnot, constraint: null } });
}

/** Show what a permalink says, among the records that were kept with it; nothing where it says nothing. */
function reopen(fragment, kept) {
  const found = fromFragment(fragment);
  if (!found) return folding.clear();
  const { record, options, changes, view, colouring } = found;
  const isThere = !(view in VIEW_VERBS) || store.get().verbs.has(VIEW_VERBS[view]);
  store.set({ view: isThere ? view : "drawing", colouring });
  if (kept && folding.has(kept, options)) return folding.goTo(kept.current, changes);
  const current = kept?.current ?? 0;
  const records = kept?.records.map((old, index) => (index === current ? record : old)) ?? [record];
  setText(records);
  folding.foldRecords(records, { options, current, changes });
}

function folded(row) {
  announce(`${row.id} folded: ${row.length} nucleotides, confidence ${percent(row.confidence ?? 0)}.`);
  if (matchMedia("(max-width: 860px)").matches) byId("result").scrollIntoView();
  const { records } = store.get();
  if (records.length === 1) remember({ id: row.id, length: row.length, energy: row.energy, fragment: toFragment(store.get()) });
}

/** Not by the address, which holds the state. */
function mountSkipLink() {
  document.querySelector(".skip-link").addEventListener("click", (event) => {
    event.preventDefault();
    byId("result").focus();
  });
}

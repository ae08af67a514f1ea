// What was folded before, in this browser's localStorage and nowhere else.

import { byId, html } from "./dom.js";

const KEY = "mprna-history";
const MOST = 40;
const LONGEST = 5000;

export function mountHistory(reopen) {
  const dialog = byId("history-dialog");
  byId("open-history").addEventListener("click", () => {
    show(entries(), (entry) => {
      dialog.close();
      reopen(entry.fragment);
    });
    dialog.showModal();
  });
  byId("clear-history").addEventListener("click", () => {
    write([]);
    show([], reopen);
  });
}

/** Remember one fold; the same RNA moves to the top instead of standing twice. */
export function remember({ id, length, energy, fragment }) {
  if (length > LONGEST) return;
  const others = entries().filter((entry) => entry.fragment !== fragment);
  write([{ id, length, energy, fragment, time: Date.now() }, ...others].slice(0, MOST));
}

function entries() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return []; // no storage in this browser, or not ours
  }
}

function write(list) {
  try {
    localStorage.setItem(KEY, JSON.stringify(list));
  } catch {
    // storage is full or forbidden: history is a convenience
  }
}

function show(list, open) {
  byId("clear-history").hidden = list.length === 0;
  const rows = list.map((entry) =>
    html(
      "li",
      {},
      html(
        "button",
        { type: "button", class: "history-entry", onclick: () => open(entry) },
        html("strong", {}, entry.id),
        html("span", { class: "hint" }, `${entry.length} nt, ${when(entry.time)}`),
      ),
    ),
  );
  byId("history-list").replaceChildren(...(rows.length ? rows : [html("li", { class: "hint" }, "Nothing yet.")]));
}

const when = (time) => new Date(time).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

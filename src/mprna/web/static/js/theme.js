// Light, dark, or as the system has it.

import { byId } from "./dom.js";

const KEY = "mprna-theme";
const ORDER = ["system", "light", "dark"];
const LABELS = { system: "Auto", light: "Light", dark: "Dark" };

export function mountTheme() {
  apply(read());
  byId("switch-theme").addEventListener("click", () => {
    const next = ORDER[(ORDER.indexOf(read()) + 1) % ORDER.length];
    save(next);
    apply(next);
  });
}

function apply(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  byId("theme-label").textContent = LABELS[theme];
  byId("switch-theme").setAttribute("aria-label", `Colours: ${LABELS[theme].toLowerCase()}`);
}

let chosen = null;

function read() {
  if (chosen) return chosen;
  try {
    const saved = localStorage.getItem(KEY);
    return ORDER.includes(saved) ? saved : "system";
  } catch {
    return "system";
  }
}

function save(theme) {
  chosen = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // not remembered, but used until the page is closed
  }
}

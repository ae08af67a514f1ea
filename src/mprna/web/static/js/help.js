// Dialogs, and what a first-time user may ask.

import * as api from "./api.js";
import { byId, html } from "./dom.js";

const ANSWERS = [
  [
    "What does the confidence mean?",
    "Every base is drawn in one state: paired with a certain partner, or unpaired. The confidence is the mean probability of " +
      "these states. At 80, about 80 of 100 bases should be drawn right. On RNAs like those in bpRNA this holds to about 3 in 100; " +
      "on RNAs unlike any with a known structure it has not been tested.",
  ],
  [
    "What do the engines do?",
    "Hybrid: a small network reads ViennaRNA's pair probabilities under two energy models and corrects them. Model: the network " +
      "without thermodynamics. ViennaRNA: minimum free energy, with the Turner 2004 parameters.",
  ],
  [
    "What is the energy?",
    "The free energy of the drawn structure at 37 °C under the Turner 2004 parameters, in kcal/mol. Pairs of pseudoknots are not counted: " +
      "the model has no energies for them.",
  ],
  [
    "Where does my sequence go?",
    "To the mprna program that served this page, usually on this computer, and nowhere else. History and theme are kept in this browser; " +
      "a link holds the sequence in the part of the address that browsers do not send.",
  ],
  [
    "Keys in a drawing",
    "← and → move along the sequence, Home and End to its ends, P to the partner. A, C, G, U change the base. + − and 0 zoom, ↑ ↓ and " +
      "Shift with ← → move the picture, Escape lets go.",
  ],
];

export function mountHelp() {
  byId("help-body").append(...ANSWERS.flatMap(([question, answer]) => [html("h3", {}, question), html("p", {}, answer)]));
  const versions = html("p", { class: "hint" });
  byId("help-body").append(versions);
  byId("open-help").addEventListener("click", async () => {
    byId("help-dialog").showModal();
    const { version, vienna } = await api.version();
    versions.textContent = `mprna ${version}, ViennaRNA ${vienna}`;
  });
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
    let isOutside = false; // where the pointer went down: selected text may end anywhere
    dialog.addEventListener("pointerdown", (event) => (isOutside = !isWithin(dialog.getBoundingClientRect(), event)));
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog && isOutside) dialog.close();
    });
    addEventListener("hashchange", () => dialog.close()); // Back shows what lies below it
  }
}

const isWithin = ({ left, right, top, bottom }, { clientX: x, clientY: y }) =>
  x >= left && x <= right && y >= top && y <= bottom;

// Dot-brackets as pairs, helices and differences. Positions are 0-based here; people see 1-based ones.

const OPENERS = "([{<ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const CLOSERS = ")]}>abcdefghijklmnopqrstuvwxyz";

/** Pairs [i, j], i < j, sorted. Brackets of different kinds may cross. */
export function pairsOf(dotBracket) {
  const stacks = {};
  const pairs = [];
  [...dotBracket].forEach((symbol, position) => {
    const opens = OPENERS.indexOf(symbol);
    const closes = CLOSERS.indexOf(symbol);
    if (opens >= 0) (stacks[opens] ??= []).push(position);
    else if (closes >= 0) {
      const start = stacks[closes]?.pop();
      if (start === undefined) throw new Error(`'${symbol}' at position ${position + 1} closes nothing`);
      pairs.push([start, position]);
    }
  });
  const open = Object.values(stacks).flat();
  if (open.length) throw new Error(`the bracket at position ${Math.min(...open) + 1} is never closed`);
  return pairs.sort((a, b) => a[0] - b[0]);
}

/** Partner of every base, -1 for none. */
export function partnersOf(dotBracket) {
  const partners = new Int32Array(dotBracket.length).fill(-1);
  for (const [i, j] of pairsOf(dotBracket)) {
    partners[i] = j;
    partners[j] = i;
  }
  return partners;
}

/** Runs of stacked pairs: [{ start5, end5, start3, end3, pairs, isKnot }]; `( )` are no pseudoknots. */
export function helicesOf(dotBracket) {
  const pairs = pairsOf(dotBracket);
  const helices = [];
  for (const pair of pairs) {
    const last = helices[helices.length - 1]?.pairs.at(-1);
    if (last && pair[0] === last[0] + 1 && pair[1] === last[1] - 1) helices.at(-1).pairs.push(pair);
    else helices.push({ pairs: [pair] });
  }
  return helices.map(({ pairs: stacked }) => ({
    start5: stacked[0][0],
    end5: stacked.at(-1)[0],
    start3: stacked.at(-1)[1],
    end3: stacked[0][1],
    pairs: stacked,
    isKnot: dotBracket[stacked[0][0]] !== "(",
  }));
}

const key = ([i, j]) => `${i}-${j}`;

/** How two structures of one RNA differ: pairs in both, only in the first, only in the second. */
export function compare(first, second) {
  const a = pairsOf(first);
  const b = pairsOf(second);
  const inA = new Set(a.map(key));
  const inB = new Set(b.map(key));
  const shared = a.filter((pair) => inB.has(key(pair)));
  return {
    shared,
    onlyFirst: a.filter((pair) => !inB.has(key(pair))),
    onlySecond: b.filter((pair) => !inA.has(key(pair))),
    f1: a.length + b.length === 0 ? 1 : (2 * shared.length) / (a.length + b.length),
  };
}

/** Probabilities by pair, from the [i, j, p] (1-based) of the server. */
export function probabilityTable(pairs) {
  const table = new Map();
  for (const [i, j, p] of pairs) table.set(key([i - 1, j - 1]), p);
  return (i, j) => table.get(key(i < j ? [i, j] : [j, i])) ?? 0;
}

/** Other partners that a base may have, the likeliest first: [{ position, probability }]. */
export function alternatives(pairs, position) {
  return pairs
    .filter(([i, j]) => i - 1 === position || j - 1 === position)
    .map(([i, j, p]) => ({ position: i - 1 === position ? j - 1 : i - 1, probability: p }))
    .sort((a, b) => b.probability - a.probability);
}

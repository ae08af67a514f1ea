// Where arcs bend and labels go, as in mprna's own drawings (draw/arcs.py, draw/labels.py).

/** Pixels of one backbone step before any zoom; browsers treat letters of less than a few pixels badly. */
export const UNIT = 20;

/** The server's layout in pixels. */
export const inPixels = (layout) => layout.map(([x, y]) => [UNIT * x, UNIT * y]);

const HEIGHTS = [0.2, -0.2, 0.4, -0.4, 0.65, -0.65];
const BULGE = 3;
const ROOM = 1.2;
const FLATNESS = 0.5;
const FACE_TO_FACE = 2.2 * UNIT;

/** Pairs that stand face to face are rungs; the others are drawn as arcs. */
export function splitPairs(pairs, layout) {
  const isRung = ([i, j]) => distance(layout[i], layout[j]) < FACE_TO_FACE;
  return { rungs: pairs.filter(isRung), arcs: pairs.filter((pair) => !isRung(pair)) };
}

/** Control point of one quadratic curve per arc; the pairs of one helix bend alike. */
export function arcControls(arcs, layout) {
  return helices(arcs).flatMap((helix) => {
    const height = bestHeight(helix, layout);
    return helix.map(([i, j]) => control(layout[i], layout[j], height));
  });
}

function helices(arcs) {
  const runs = [];
  arcs.forEach(([i, j], index) => {
    const [lastI, lastJ] = index ? arcs[index - 1] : [-BULGE * 2, 0];
    const goesOn = i - lastI <= BULGE && lastJ - j > 0 && lastJ - j <= BULGE;
    if (goesOn) runs.at(-1).push([i, j]);
    else runs.push([[i, j]]);
  });
  return runs;
}

function bestHeight(helix, layout) {
  const own = new Set(helix.flat());
  const others = layout.filter((_, index) => !own.has(index));
  const worth = (height) => {
    const points = helix.flatMap(([i, j]) => curve(layout[i], control(layout[i], layout[j], height), layout[j]));
    const gaps = points.map((point) => Math.min(ROOM, ...others.map((other) => distance(point, other) / UNIT)));
    return mean(gaps) - FLATNESS * Math.abs(height);
  };
  return HEIGHTS.reduce((best, height) => (worth(height) > worth(best) ? height : best), HEIGHTS[0]);
}

function curve(start, middle, end, count = 9) {
  return Array.from({ length: count }, (_, k) => {
    const t = (k + 1) / (count + 1);
    return [0, 1].map((c) => (1 - t) ** 2 * start[c] + 2 * t * (1 - t) * middle[c] + t ** 2 * end[c]);
  });
}

function control(start, end, height) {
  const [dx, dy] = [end[0] - start[0], end[1] - start[1]];
  return [(start[0] + end[0]) / 2 + 2 * height * dy, (start[1] + end[1]) / 2 - 2 * height * dx];
}

const DIRECTIONS = Array.from({ length: 32 }, (_, k) => [Math.cos((k * Math.PI) / 16), Math.sin((k * Math.PI) / 16)]);
const LABEL_DISTANCE = 1.5 * UNIT;
const OUTWARD = 0.4;
const ENOUGH = 1.6;

/** Centres of the labels of some bases: [{ index, text, x, y }]. Every label, and `others`, are in the way of the next. */
export function placeLabels(labels, layout, partners, others = []) {
  const obstacles = [...layout, ...others];
  return labels.map(({ index, text }) => {
    const [x, y] = layout[index];
    const outward = outwardDirection(index, layout, partners);
    const near = obstacles.filter((point, k) => k !== index && distance(point, [x, y]) < 4 * UNIT);
    let best = null;
    for (const [dx, dy] of DIRECTIONS) {
      const centre = [x + LABEL_DISTANCE * dx, y + LABEL_DISTANCE * dy];
      const free = Math.min(ENOUGH, ...near.map((point) => distance(point, centre) / LABEL_DISTANCE));
      const worth = free + OUTWARD * (dx * outward[0] + dy * outward[1]);
      if (best === null || worth > best.worth) best = { worth, centre };
    }
    obstacles.push(best.centre);
    return { index, text, x: best.centre[0], y: best.centre[1] };
  });
}

function outwardDirection(index, layout, partners) {
  const [x, y] = layout[index];
  const partner = partners[index];
  const last = layout.length - 1;
  const others = partner >= 0 ? [layout[partner]] : [layout[Math.max(index - 1, 0)], layout[Math.min(index + 1, last)]];
  const away = [x - mean(others.map((p) => p[0])), y - mean(others.map((p) => p[1]))];
  const length = Math.hypot(...away);
  return length > 0.01 ? away.map((value) => value / length) : [0, 0];
}

/** Numbers every `step` bases, and both ends. */
export function labelsOf(length, step) {
  const numbers = [];
  for (let position = step; position <= length; position += step) {
    numbers.push({ index: position - 1, text: String(position) });
  }
  return numbers;
}

/** Points beyond the first and the last base, for the 5′ and 3′ marks. */
export function endMarks(layout) {
  const last = layout.length - 1;
  return [
    { text: "5′", ...beyond(layout[0], layout[Math.min(1, last)], -1) },
    { text: "3′", ...beyond(layout[last], layout[Math.max(last - 1, 0)], 1) },
  ];
}

function beyond(end, neighbour, fallback) {
  const [dx, dy] = [end[0] - neighbour[0], end[1] - neighbour[1]];
  const length = Math.hypot(dx, dy);
  const [ux, uy] = length > 0.01 ? [dx / length, dy / length] : [fallback, 0];
  return { x: end[0] + 1.15 * UNIT * ux, y: end[1] + 1.15 * UNIT * uy };
}

export function bounds(layout) {
  const xs = layout.map((point) => point[0]);
  const ys = layout.map((point) => point[1]);
  const range = (values) => values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
  const [left, right] = range(xs);
  const [top, bottom] = range(ys);
  return { left, right, top, bottom };
}

const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

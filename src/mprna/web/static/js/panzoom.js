// Pan and zoom of an SVG's inner group: drag, pinch, and methods for buttons and keys. The wheel zooms once
// the drawing has the focus, and scrolls the page before that.

const LEAST = 0.2;
const MOST = 12;
const STEP = 1.25;
const LARGEST_FIT = 1.5;
const FAR = 0.4;
const CLICK_SLACK = 5;
const REACH = { touch: 24, mouse: 8 };

/**
 * @param svg the outer element; one of its units is one pixel.
 * @param group what moves.
 * @param box () => { left, right, top, bottom } in the group's units, to fit.
 */
export function panZoom(svg, group, box, { margin = 28 } = {}) {
  let scale = 1;
  let fitted = 1;
  let offset = [0, 0];
  let touched = false;
  const pointers = new Map();
  let travelled = 0;

  function apply() {
    group.setAttribute("transform", `translate(${offset[0]} ${offset[1]}) scale(${scale})`);
    svg.classList.toggle("far", scale < FAR);
  }

  function size() {
    const { width, height } = svg.getBoundingClientRect();
    return [Math.max(width, 1), Math.max(height, 1)];
  }

  function fit() {
    const [width, height] = size();
    const { left, right, top, bottom } = box();
    const wide = Math.max(right - left, 1);
    const high = Math.max(bottom - top, 1);
    fitted = Math.min((width - 2 * margin) / wide, (height - 2 * margin) / high, LARGEST_FIT);
    scale = fitted;
    offset = [(width - scale * (left + right)) / 2, (height - scale * (top + bottom)) / 2];
    touched = false;
    apply();
  }

  function zoom(factor, [x, y] = size().map((side) => side / 2)) {
    const next = Math.min(Math.max(scale * factor, fitted * LEAST), Math.max(fitted * MOST, LARGEST_FIT));
    offset = [x - ((x - offset[0]) * next) / scale, y - ((y - offset[1]) * next) / scale];
    scale = next;
    touched = true;
    apply();
  }

  function pan(dx, dy) {
    offset = [offset[0] + dx, offset[1] + dy];
    touched = true;
    apply();
  }

  /** Bring a point of the group into view if it is outside. */
  function reveal([x, y]) {
    const [width, height] = size();
    const at = [offset[0] + scale * x, offset[1] + scale * y];
    const inside = at[0] > 30 && at[0] < width - 30 && at[1] > 30 && at[1] < height - 30;
    if (!inside) pan(width / 2 - at[0], height / 2 - at[1]);
  }

  function drag(event, before, now) {
    travelled += apart(before, now);
    if (travelled < CLICK_SLACK) return;
    svg.setPointerCapture(event.pointerId);
    svg.classList.add("dragging");
    pan(now[0] - before[0], now[1] - before[1]);
  }

  function pinch(before, now, other) {
    travelled = CLICK_SLACK;
    pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    zoom(apart(now, other) / Math.max(apart(before, other), 1), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
  }

  const place = (event) => {
    const { left, top } = svg.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };

  /** Index of the point (in the group's units) that is nearest to the pointer; null if none is within its reach. */
  function nearest(event, points) {
    const [px, py] = place(event);
    const away = points.map(([x, y]) => Math.hypot(offset[0] + scale * x - px, offset[1] + scale * y - py));
    const least = away.reduce((best, distance, index) => (distance < away[best] ? index : best), 0);
    return away[least] <= (REACH[event.pointerType] ?? REACH.mouse) ? least : null;
  }

  svg.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !svg.closest(":focus")) return;
      event.preventDefault();
      const strength = event.ctrlKey ? 0.01 : 0.0016;
      zoom(Math.exp(-event.deltaY * strength), place(event));
    },
    { passive: false },
  );
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, place(event));
    if (pointers.size === 1) travelled = 0;
  });
  svg.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = place(event);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) pinch(before, now, other);
    else drag(event, before, now);
    pointers.set(event.pointerId, now);
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
    svg.addEventListener(name, (event) => {
      pointers.delete(event.pointerId);
      if (pointers.size === 0) svg.classList.remove("dragging");
    });
  }

  new ResizeObserver(() => {
    if (!touched && svg.isConnected) fit();
  }).observe(svg);

  return {
    fit,
    reveal,
    nearest,
    pan,
    zoomIn: () => zoom(STEP),
    zoomOut: () => zoom(1 / STEP),
    /** Whether the last press moved the drawing, so that it was no click. */
    dragged: () => travelled >= CLICK_SLACK,
  };
}

const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

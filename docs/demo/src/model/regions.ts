/**
 * What the model sees around a change: the enclosing definition, cut to a budget of leaves around the change. Mirrors
 * `codewm_model/regions.py`.
 */

import { changedLeaves } from "./changes.ts";
import type { Change, Side } from "./changes.ts";
import type { Leaf, Source } from "./syntax.ts";

export const UNCHANGED = 0;
export const ON_CHANGED_LINE = 1;
export const CHANGED = 2;
/** What the model is told with a position's mark: the change begins there. */
export const BEGINS = 8;

const LINES = 128; // around a change that are walked at least

/**
 * Leaves in order with their marks, from lines [first, end) (0-based) of one side. `center` is the leaf at which the
 * change begins, the number of leaves where there is none after them.
 */
export interface Region {
  readonly leaves: readonly Leaf[];
  readonly marks: readonly number[];
  readonly first: number;
  readonly end: number;
  readonly center: number;
}

type Span = readonly [number, number];

/** The regions before and after an edit, of at most `budget` leaves, cut out of the same surroundings. */
export function regionPair(change: Change, budget: number): [Region, Region] {
  const first = change.edit.first;
  const [removed, added] = [change.edit.removed.length, change.edit.added.length];
  const [old, next] = change.sources;
  const [oldAround, nextAround] = [surroundings(old, first, removed), surroundings(next, first, added)];
  const around: Span = [Math.max(oldAround[0], nextAround[0]), Math.max(oldAround[1], nextAround[1])];
  return [
    region(old, change.before, [first, removed], around, budget),
    region(next, change.after, [first, added], around, budget),
  ];
}

/** The region around one line of a text in which nothing has changed. */
export function regionAt(source: Source, line: number, budget: number): Region {
  const nothing = { leaves: [], tokens: [], changed: [] };
  return region(source, nothing, [line, 0], surroundings(source, line, 0), budget);
}

/** [start, stop) of at most `budget` items out of `total`: half of them before `center`, where a change begins. */
export function view(center: number, total: number, budget: number): [number, number] {
  const start = Math.max(0, center - Math.floor(budget / 2));
  return [start, Math.min(total, start + budget)];
}

/** How many lines above and below lines [first, first + count) belong to the definition around them. */
function surroundings(source: Source, first: number, count: number): Span {
  const inner = source.definitions(first, first + count).at(-1);
  const [low, high] = inner ? [inner.first, inner.last + 1] : [0, source.lineCount];
  return [Math.max(0, first - low), Math.max(0, high - first - count)];
}

/** What is walked is bounded in lines too: a line without a leaf is blank, and there are few of those. */
function region(source: Source, side: Side, lines: Span, around: Span, budget: number): Region {
  const reach = Math.max(budget, LINES);
  const [[first, count], [above, below]] = [lines, around];
  const low = first - Math.min(above, reach);
  const high = Math.min(first + count + Math.min(below, reach), source.lineCount);
  const [before, after] = leavesAround(source, first, [low, high], budget);
  const leaves = [...before, ...after];
  const [top, bottom] = [leaves[0], leaves.at(-1)];
  if (!top || !bottom) {
    return { leaves: [], marks: [], first, end: first, center: 0 };
  }
  const changed = new Set(changedLeaves(side));
  // The same walk over the same tree: leaf by leaf those on changed lines are the ones of `side`.
  const beyond = after.findIndex((leaf) => leaf.line >= first + count);
  const onChanged = beyond < 0 ? after.length : beyond;
  const marks = leaves.map((_, i) => {
    const place = i - before.length;
    return place < 0 || place >= onChanged ? UNCHANGED : changed.has(place) ? CHANGED : ON_CHANGED_LINE;
  });
  return { leaves, marks, first: top.line, end: bottom.last + 1, center: before.length };
}

/**
 * Of the leaves in lines [low, high) the `budget / 2` last that end before line `first`, and what follows them. The walk
 * begins a few lines above, and farther up only where there is too little.
 */
function leavesAround(source: Source, first: number, [low, high]: Span, budget: number): [Leaf[], Leaf[]] {
  const half = Math.floor(budget / 2);
  for (let reach = 1 + Math.floor(budget / 8); ; reach *= 4) {
    const top = Math.max(low, first - reach);
    const before: Leaf[] = [];
    const after: Leaf[] = [];
    for (const leaf of source.leaves(top, high)) {
      if (leaf.last < first) {
        before.push(leaf);
        continue;
      }
      if (before.length <= half && top > low) {
        break; // the first of them may have been clipped at `top`
      }
      after.push(leaf);
      if (after.length + Math.min(before.length, half) >= budget) {
        break;
      }
    }
    if (top === low || before.length > half) {
      return [before.slice(Math.max(0, before.length - half)), after];
    }
  }
}

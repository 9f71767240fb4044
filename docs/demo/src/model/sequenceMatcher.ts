/**
 * The alignment of Python's `difflib.SequenceMatcher` without its junk rules: longest common block first, then the same
 * on either side of it (Ratcliff and Obershelp, 1988). Written after it, tie by tie, so that both find the same blocks.
 */

/** Indices of the items on each side that have no partner on the other. */
export function unmatched(old: readonly string[], next: readonly string[]): [number[], number[]] {
  const removed = new Set(old.keys());
  const added = new Set(next.keys());
  for (const [i, j, size] of matchingBlocks(old, next)) {
    for (let k = 0; k < size; k++) {
      removed.delete(i + k);
      added.delete(j + k);
    }
  }
  return [[...removed], [...added]];
}

type Block = [number, number, number];

function matchingBlocks(old: readonly string[], next: readonly string[]): Block[] {
  const places = new Map<string, number[]>();
  next.forEach((item, j) => {
    const known = places.get(item);
    if (known) {
      known.push(j);
    } else {
      places.set(item, [j]);
    }
  });
  const blocks: Block[] = [];
  const queue: [number, number, number, number][] = [[0, old.length, 0, next.length]];
  for (let part = queue.pop(); part; part = queue.pop()) {
    const [low, high, from, to] = part;
    const [i, j, size] = longest(old, places, part);
    if (size) {
      blocks.push([i, j, size]);
      queue.push([low, i, from, j], [i + size, high, j + size, to]);
    }
  }
  return blocks;
}

/** The longest block within [low, high) of the one and [from, to) of the other; of several the earliest. */
function longest(
  old: readonly string[],
  places: ReadonlyMap<string, number[]>,
  [low, high, from, to]: [number, number, number, number],
): Block {
  let best: Block = [low, from, 0];
  let ending = new Map<number, number>(); // where a block ends on the other side -> its length
  for (let i = low; i < high; i++) {
    const now = new Map<number, number>();
    for (const j of places.get(old[i] ?? "") ?? []) {
      if (j < from) {
        continue;
      }
      if (j >= to) {
        break;
      }
      const size = (ending.get(j - 1) ?? 0) + 1;
      now.set(j, size);
      if (size > best[2]) {
        best = [i - size + 1, j - size + 1, size];
      }
    }
    ending = now;
  }
  return best;
}

/** The unit of everything: one hunk, its text before and after. Mirrors `codewm_model/edit.py`. */

/**
 * `removed` lines of `before`, from line `first` (0-based) on, were replaced by `added`. Lines carry no line end.
 */
export interface Edit {
  readonly before: readonly string[];
  readonly first: number;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** Lines as git and LSP know them: `\n`, `\r\n` and `\r` end one, form feeds and U+2028 do not. */
export function splitLines(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.at(-1) === "") {
    lines.pop();
  }
  return lines;
}

/** The single hunk that turns `before` into `after`: everything between their first and last difference. */
export function editBetween(before: string, after: string): Edit {
  const old = splitLines(before);
  const next = splitLines(after);
  const [first, tail] = commonEnds(old, next);
  return {
    before: old,
    first,
    removed: old.slice(first, old.length - tail),
    added: next.slice(first, next.length - tail),
  };
}

/** How many items two sequences share at their start, and then at their end. */
export function commonEnds(old: readonly string[], next: readonly string[]): [number, number] {
  const shorter = Math.min(old.length, next.length);
  let head = 0;
  while (head < shorter && old[head] === next[head]) {
    head++;
  }
  let tail = 0;
  while (tail < shorter - head && old[old.length - 1 - tail] === next[next.length - 1 - tail]) {
    tail++;
  }
  return [head, tail];
}

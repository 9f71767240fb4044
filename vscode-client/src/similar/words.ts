/** Past edits in words. Knows nothing of VS Code. */

/** How similar two edits are, in percent and words; `similarity` is a cosine. */
export function similarityWords(similarity: number): string {
  const percent = Math.round(Math.min(1, Math.max(0, similarity)) * 100);
  return `${percent} %, ${closeness(similarity)}`;
}

/** How long ago `date` was, to a person: one unit, the largest that fits. */
export function age(date: string, now: Date): string {
  const then = Date.parse(date);
  if (Number.isNaN(then)) {
    return "at an unknown time";
  }
  const days = Math.floor((now.getTime() - then) / MS_A_DAY);
  if (days < 1) {
    return "today";
  }
  if (days === 1) {
    return "yesterday";
  }
  for (const [unit, length] of UNITS) {
    const count = Math.floor(days / length);
    if (count >= 1) {
      return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
    }
  }
  return `${days} days ago`;
}

/** Lines as people write them. */
export function linesWords([first, last]: readonly [number, number]): string {
  return first === last ? `line ${first}` : `lines ${first} to ${last}`;
}

export function shortHash(commit: string): string {
  return commit.slice(0, 10);
}

/** A stranger's text on one line, without characters that cannot be seen or that reorder the others. */
export function plain(text: string): string {
  return text.replace(UNPRINTABLE, " ").trim();
}

const MS_A_DAY = 24 * 60 * 60 * 1000;
const UNITS = [
  ["year", 365],
  ["month", 30],
  ["week", 7],
] as const;
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function closeness(similarity: number): string {
  if (similarity >= 0.85) {
    return "almost the same";
  }
  if (similarity >= 0.6) {
    return "very similar";
  }
  if (similarity >= 0.4) {
    return "similar";
  }
  return similarity >= 0.2 ? "somewhat similar" : "loosely similar";
}

/** A region as numbers: one position for each leaf, or for each subword of a name. Mirrors `codewm_model/tokenizer.py`. */

import { crc32 } from "./crc32.ts";
import { BEGINS, view } from "./regions.ts";
import type { Region } from "./regions.ts";
import type { Leaf } from "./syntax.ts";
import { subwords, words } from "./words.ts";

const TEXT_BUCKETS = 8192; // bucket 0 is padding in both
const PARENT_BUCKETS = 512;
const MAX_DEPTH = 31;
const MAX_SUBWORDS = 4; // of a name
const MAX_WORDS = 3; // of a string or a comment
const SMALL_NUMBER = 2; // characters of a number that is kept as it is
const WHOLE = " ="; // before a whole text that stands for itself

/** What the model reads at a position, and for people the text behind the bucket and the leaf that it comes from. */
export interface Position {
  readonly text: number;
  readonly parent: number;
  readonly depth: number;
  readonly mark: number;
  readonly piece: string;
  readonly leaf: Leaf;
}

/** `center` is the position at which the change begins, the number of positions where it lies behind the last. */
export interface TokenSequence {
  readonly positions: readonly Position[];
  readonly center: number;
}

/** The region's positions; where there are more than `most`, those around the change's beginning stay. */
export function tokenize(region: Region, most: number): TokenSequence {
  const ofLeaf = region.leaves.map((leaf, i) => positionsOf(leaf, region.marks[i] ?? 0));
  const center = ofLeaf.slice(0, region.center).reduce((sum, positions) => sum + positions.length, 0);
  const all = ofLeaf.flat();
  const [start, stop] = view(center, all.length, most);
  return { positions: all.slice(start, stop), center: center - start };
}

/** What the encoder reads, four rows: text, parent, depth, and the mark with `BEGINS` where the change begins. */
export function columns({ positions, center }: TokenSequence): [number[], number[], number[], number[]] {
  return [
    positions.map((position) => position.text),
    positions.map((position) => position.parent),
    positions.map((position) => position.depth),
    positions.map((position, i) => position.mark + (i === center ? BEGINS : 0)),
  ];
}

/** The texts of the positions of a leaf; what begins with a space is a marker or continues a leaf. */
export function pieces(kind: string, text: string): string[] {
  if (kind === "name") {
    const found = subwords(text).slice(0, MAX_SUBWORDS);
    const parts = found.length ? found : [text.toLowerCase()];
    const whole = parts.join("_") === text ? [] : [WHOLE + text];
    return [...parts.map((part, i) => (i ? ` ${part}` : part)), ...whole];
  }
  if (kind === "string" || kind === "comment") {
    const few = words(text).slice(0, MAX_WORDS);
    return [` ${kind}`, ...few.map((word) => ` ${word.toLowerCase()}`), WHOLE + text];
  }
  if (kind === "number" && text.length > SMALL_NUMBER) {
    return [" number", WHOLE + text];
  }
  return [text];
}

/** 1 to `buckets` - 1, the same on every machine. */
export function bucket(text: string, buckets: number): number {
  const mixed = Math.imul(crc32(text), 0x9e3779b1) >>> 0;
  return 1 + ((mixed >>> 8) % (buckets - 1));
}

function positionsOf(leaf: Leaf, mark: number): Position[] {
  const place = { parent: bucket(leaf.parent, PARENT_BUCKETS), depth: Math.min(leaf.depth, MAX_DEPTH), mark, leaf };
  return pieces(leaf.kind, leaf.text).map((piece) => ({ ...place, piece, text: bucket(piece, TEXT_BUCKETS) }));
}

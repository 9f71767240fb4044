/**
 * Two training-free sketches of an edit. LEXICAL: words and subwords of the changed lines, and once more those of the
 * tokens that really changed. STRUCTURAL: the classes of the really changed leaves with their place in the syntax.
 * Mirrors `codewm_model/sketch.py`, of which the projection to index keys has no use here.
 */

import { changedLeaves } from "./changes.ts";
import type { Change, Side } from "./changes.ts";
import { crc32 } from "./crc32.ts";
import { subwords, words } from "./words.ts";

const MAX_FEATURES = 192; // of one group; the heaviest are kept
const LINES_SHARE = 0.5; // of the lexical channel; the rest goes to the really changed tokens
const MAX_TEXT = 50_000; // characters of one side's lines that are read
const [WORD, SUBWORD] = [1, 1];
const [LEAF, PARENTS, PAIR, TRIPLE, BESIDE] = [1, 0.7, 0.7, 0.5, 0.5];
const [REMOVED, ADDED] = [0, 1];
const MOST_COUNTED = 255;

/** A sparse vector: the weight of each feature, by its hash; its length is at most 1. */
export type Features = ReadonlyMap<number, number>;

/** One edit, both channels. */
export interface Sketch {
  readonly lexical: Features;
  readonly structural: Features;
}

/** The inverse document frequency of a feature's hash. */
export type Idf = (hash: number) => number;

/** Frequencies out of the bytes of `idf.bin`: one a bucket, in sixteenths. */
export function idfOf(table: Uint8Array): Idf {
  return (hash) => (table[Math.imul(hash >>> 1, 0x9e3779b1) >>> 14] ?? 0) / 16;
}

/** Both sketches of an edit. */
export function sketchOf(change: Change, idf: Idf): Sketch {
  const lines = new Map<number, number>();
  const net = new Map<number, number>();
  const structure = new Map<number, number>();
  const { removed, added } = change.edit;
  for (const [sign, text, side] of [[REMOVED, removed, change.before], [ADDED, added, change.after]] as const) {
    countWords(lines, firstCharacters(text.join("\n"), MAX_TEXT), sign, "l");
    countWords(net, side.changed.map((token) => side.tokens[token]?.text ?? "").join("\n"), sign, "n");
    if (removed.length || added.length) {
      countStructure(structure, side, sign);
    }
  }
  return {
    lexical: sum(weighed(lines, LINES_SHARE, idf), weighed(net, 1 - LINES_SHARE, idf)),
    structural: weighed(structure, 1, idf),
  };
}

/** The cosine of two sparse vectors that are as long as they should be. */
export function cosine(one: Features, two: Features): number {
  let product = 0;
  for (const [hash, weight] of one) {
    product += weight * (two.get(hash) ?? 0);
  }
  return product;
}

/** The heaviest features of one group, scaled to length sqrt(share). */
function weighed(counts: ReadonlyMap<number, number>, share: number, idf: Idf): Features {
  let features = [...counts].map(([hash, count]) => [hash, count * idf(hash)] as const);
  if (features.length > MAX_FEATURES) {
    features = features.sort(([, one], [, two]) => two - one).slice(0, MAX_FEATURES);
  }
  const length = Math.max(Math.hypot(...features.map(([, weight]) => weight)), 1e-9);
  return new Map(features.map(([hash, weight]) => [hash, (weight * Math.sqrt(share)) / length]));
}

function sum(one: Features, two: Features): Features {
  const both = new Map(one);
  for (const [hash, weight] of two) {
    both.set(hash, (both.get(hash) ?? 0) + weight);
  }
  return both;
}

function countWords(into: Map<number, number>, text: string, sign: number, group: string): void {
  const counts = tally(words(text));
  const parts = new Map<string, number>();
  for (const [word, count] of counts) {
    into.set(hashOf(`${group}w${word}`, sign), WORD * often(Math.min(count, MOST_COUNTED)));
    for (const part of subwords(word)) {
      parts.set(part, (parts.get(part) ?? 0) + count);
    }
  }
  for (const [part, count] of parts) {
    into.set(hashOf(`${group}s${part}`, sign), SUBWORD * often(Math.min(count, MOST_COUNTED)));
  }
}

function countStructure(into: Map<number, number>, side: Side, sign: number): void {
  for (const [share, features] of structureOf(side)) {
    for (const [feature, count] of tally(features)) {
      into.set(hashOf(feature, sign), share * often(count));
    }
  }
}

/** Shares and names of the structural features of a side's really changed leaves. */
function structureOf(side: Side): [number, string[]][] {
  const changed = changedLeaves(side);
  const leaves = changed.flatMap((i) => side.leaves[i] ?? []);
  const kinds = ["", ...leaves.map((leaf) => leaf.kind), ""];
  const among = new Set(changed);
  const beside = changed.flatMap((i) =>
    [i - 1, i + 1].flatMap((j) => {
      const neighbour = among.has(j) ? undefined : side.leaves[j];
      return neighbour ? `x${neighbour.kind}|${side.leaves[i]?.kind ?? ""}|${j - i}` : [];
    }),
  );
  return [
    [LEAF, leaves.map((leaf) => `c${leaf.kind}|${leaf.parent}|${leaf.field}`)],
    [PARENTS, leaves.map((leaf) => `p${leaf.parent}|${leaf.grandparent}`)],
    [PAIR, kinds.slice(1).map((kind, i) => `b${kinds[i] ?? ""}|${kind}`)],
    [TRIPLE, kinds.slice(2).map((kind, i) => `t${kinds[i] ?? ""}|${kinds[i + 1] ?? ""}|${kind}`)],
    [BESIDE, beside],
  ];
}

/** 31 bits of CRC-32, and the side in the lowest. */
function hashOf(name: string, sign: number): number {
  return ((crc32(name) & 0xfffffffe) | sign) >>> 0;
}

function often(count: number): number {
  return 1 + Math.log(count);
}

function tally(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    counts.set(item, (counts.get(item) ?? 0) + 1);
  }
  return counts;
}

function firstCharacters(text: string, most: number): string {
  return text.length <= most ? text : Array.from(text).slice(0, most).join("");
}

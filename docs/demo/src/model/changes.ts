/**
 * What really changed in an edit: a token-level diff of its lines, each token with its place in the syntax. Mirrors
 * `codewm_model/changes.py`, for text in Python.
 */

import type { Parser } from "web-tree-sitter";
import { commonEnds } from "./edit.ts";
import type { Edit } from "./edit.ts";
import { FUNCTION } from "./languages.ts";
import { unmatched } from "./sequenceMatcher.ts";
import { Source } from "./syntax.ts";
import type { Leaf } from "./syntax.ts";
import { words } from "./words.ts";

const MAX_TOKENS = 1500; // of one side; what follows in a longer hunk is not looked at
const MAX_MATCH = 400; // tokens of a side between the common ends that are aligned, at a quadratic price

/** A code leaf, or one word of a string or a comment. `leaf` is its index among the side's leaves. */
export interface Token {
  readonly text: string;
  readonly leaf: number;
}

/** The changed lines of one side: their leaves, their tokens, and the indices of the tokens that really changed. */
export interface Side {
  readonly leaves: readonly Leaf[];
  readonly tokens: readonly Token[];
  readonly changed: readonly number[];
}

/**
 * An edit seen through the syntax; `symbol` is the dotted name around it, `position` where in the enclosing definition
 * (or text) the change begins, 0 to 1.
 */
export interface Change {
  readonly edit: Edit;
  readonly sources: readonly [Source, Source];
  readonly before: Side;
  readonly after: Side;
  readonly scope: "function" | "class" | "module";
  readonly symbol: string;
  readonly position: number;
}

/** Read one edit. Its two sources are the caller's to close. */
export function changeOf(parser: Parser, edit: Edit): Change {
  const old = Source.parse(parser, edit.before);
  const next = old.replace(edit.first, edit.removed.length, edit.added);
  const [around, count] = edit.removed.length ? [old, edit.removed.length] : [next, edit.added.length];
  const definitions = around.definitions(edit.first, edit.first + count);
  const inner = definitions.at(-1);
  const [before, after] = compared(
    upTo(MAX_TOKENS, old, edit.first, edit.removed.length),
    upTo(MAX_TOKENS, next, edit.first, edit.added.length),
  );
  return {
    edit,
    sources: [old, next],
    before,
    after,
    scope: inner ? (inner.type === FUNCTION ? "function" : "class") : "module",
    symbol: definitions.flatMap(({ name }) => (name ? [name] : [])).join("."),
    position: inner
      ? Math.min(1, Math.max(0, (edit.first - inner.first) / (inner.last - inner.first + 1)))
      : edit.first / Math.max(1, around.lineCount),
  };
}

/** Indices of the leaves of a side that have a changed token, ascending. */
export function changedLeaves(side: Side): number[] {
  return [...new Set(side.changed.map((token) => side.tokens[token]?.leaf ?? 0))];
}

function upTo(limit: number, source: Source, first: number, count: number): Leaf[] {
  const found: Leaf[] = [];
  for (const leaf of count ? source.leaves(first, first + count) : []) {
    if (found.length === limit) {
      break;
    }
    found.push(leaf);
  }
  return found;
}

function tokensOf(leaves: readonly Leaf[]): Token[] {
  const tokens = leaves.flatMap(({ kind, text }, leaf) => {
    const inside = kind === "string" || kind === "comment" ? words(text) : [];
    return (inside.length ? inside : [text]).map((one) => ({ text: one, leaf }));
  });
  return tokens.slice(0, MAX_TOKENS);
}

function compared(before: Leaf[], after: Leaf[]): [Side, Side] {
  const [old, next] = [tokensOf(before), tokensOf(after)];
  const [removed, added] = differing(
    old.map((token) => token.text),
    next.map((token) => token.text),
  );
  return [
    { leaves: before, tokens: old, changed: removed },
    { leaves: after, tokens: next, changed: added },
  ];
}

/** Indices of the tokens on each side that have no partner on the other. */
function differing(old: string[], next: string[]): [number[], number[]] {
  const [head, tail] = commonEnds(old, next);
  const [oldMiddle, nextMiddle] = [old.slice(head, old.length - tail), next.slice(head, next.length - tail)];
  const all = (middle: string[]): number[] => middle.map((_, i) => head + i);
  if (!oldMiddle.length || !nextMiddle.length || Math.max(oldMiddle.length, nextMiddle.length) > MAX_MATCH) {
    return [all(oldMiddle), all(nextMiddle)];
  }
  const [removed, added] = unmatched(oldMiddle, nextMiddle);
  return [removed.map((i) => head + i), added.map((i) => head + i)];
}

/**
 * A parsed text: its lines and its tree, and the leaves that stand in a stretch of lines. Mirrors
 * `codewm_model/syntax.py`, with positions in UTF-16 units where that has bytes: no result tells them apart.
 */

import { Edit as TreeEdit } from "web-tree-sitter";
import type { Node, Parser, Tree, TreeCursor } from "web-tree-sitter";
import { ANNOTATION, CLASS, FUNCTION, HOLE, kindOf, STRING } from "./languages.ts";

/** One leaf of the tree. `kind` is its class (`kindOf`), `parent` to `field` are the grammar's own names. */
export interface Leaf {
  readonly text: string;
  readonly kind: string;
  readonly parent: string;
  readonly grandparent: string;
  readonly field: string;
  readonly depth: number;
  /** The line on which it starts, 0-based, and the one on which it ends. */
  readonly line: number;
  readonly last: number;
  /** Whether it stands in an annotation. */
  readonly annotation: boolean;
}

/** A function or a class around a place: its type, its name if it has one, and its first and last line. */
export interface Definition {
  readonly type: string;
  readonly name: string | undefined;
  readonly first: number;
  readonly last: number;
}

/** An immutable parsed text. Its tree lies in WebAssembly's memory: whoever made it calls `close`. */
export class Source {
  readonly #parser: Parser;
  readonly #data: string;
  readonly #tree: Tree;
  readonly #starts: readonly number[];

  private constructor(parser: Parser, data: string, tree: Tree) {
    this.#parser = parser;
    this.#data = data;
    this.#tree = tree;
    this.#starts = [0, ...Array.from(data.matchAll(/\n/g), (end) => end.index + 1)];
  }

  /** Parse lines that carry no line end. */
  static parse(parser: Parser, lines: readonly string[]): Source {
    const data = joined(lines);
    return new Source(parser, data, treeOf(parser, data));
  }

  /** The text with `count` lines from `first` on replaced; parsed incrementally, as Python parses it. */
  replace(first: number, count: number, lines: readonly string[]): Source {
    const start = this.#start(first);
    const oldEnd = this.#start(first + count);
    const added = joined(lines);
    const data = this.#data.slice(0, start) + added + this.#data.slice(oldEnd);
    const tree = this.#tree.copy();
    tree.edit(
      new TreeEdit({
        startIndex: start,
        oldEndIndex: oldEnd,
        newEndIndex: start + added.length,
        startPosition: { row: first, column: 0 },
        oldEndPosition: { row: first + count, column: 0 },
        newEndPosition: { row: first + lines.length, column: 0 },
      }),
    );
    const parsed = treeOf(this.#parser, data, tree);
    tree.delete();
    return new Source(this.#parser, data, parsed);
  }

  /** How many lines the text has. */
  get lineCount(): number {
    return this.#starts.length - 1;
  }

  /**
   * Leaves that stand at least partly in lines [first, end), in order. A string is one leaf, clipped to these lines;
   * one with code in it gives its parts and that code.
   */
  *leaves(first: number, end: number): Generator<Leaf, void> {
    const start = this.#start(first);
    const stop = this.#start(end);
    const cursor = this.#tree.walk();
    try {
      const parents = ["", ""];
      let annotations = 0; // of them
      for (;;) {
        const [from, to, type] = [cursor.startIndex, cursor.endIndex, cursor.nodeType];
        if (from >= stop) {
          return;
        }
        const inside = to > start;
        const leaf = inside && isLeaf(cursor);
        if (inside && !leaf && enter(cursor, start)) {
          parents.push(type);
          annotations += Number(type === ANNOTATION);
          continue;
        }
        if (leaf && to > from) {
          yield {
            text: this.#data.slice(Math.max(start, from), Math.min(stop, to)),
            kind: kindOf(type),
            parent: parents.at(-1) ?? "",
            grandparent: parents.at(-2) ?? "",
            field: cursor.currentFieldName ?? "",
            depth: parents.length - 2,
            line: Math.max(first, cursor.startPosition.row),
            last: Math.min(end - 1, cursor.endPosition.row),
            annotation: annotations > 0,
          };
        }
        while (!cursor.gotoNextSibling()) {
          if (!cursor.gotoParent()) {
            return;
          }
          annotations -= Number(parents.pop() === ANNOTATION);
        }
      }
    } finally {
      cursor.delete();
    }
  }

  /** The functions and classes around lines [first, end), outermost first. */
  definitions(first: number, end: number): Definition[] {
    const stop = this.#start(Math.min(Math.max(end, first + 1), this.lineCount));
    const begin = this.#start(Math.min(first, this.lineCount));
    const text = this.#data.slice(begin, stop);
    const stripped = text.replace(/^[ \t\n\r\v\f]+/, ""); // white space belongs to whatever is around the definition
    const at = begin + text.length - stripped.length;
    const around: Definition[] = [];
    let node = this.#tree.rootNode.descendantForIndex(at, at + stripped.replace(/[ \t\n\r\v\f]+$/, "").length);
    for (; node; node = node.parent) {
      if (node.type === FUNCTION || node.type === CLASS) {
        around.push(definitionOf(node));
      }
    }
    return around.reverse();
  }

  /** Let go of the tree. */
  close(): void {
    this.#tree.delete();
  }

  /** Where a line begins, or where the text ends for the one after the last. */
  #start(line: number): number {
    return this.#starts[line] ?? this.#data.length;
  }
}

function definitionOf(node: Node): Definition {
  const name = node.childForFieldName("name")?.text;
  return { type: node.type, name, first: node.startPosition.row, last: node.endPosition.row };
}

function isLeaf(cursor: TreeCursor): boolean {
  const node = cursor.currentNode;
  return node.childCount === 0 || (node.type === STRING && !node.children.some((child) => child.type === HOLE));
}

/**
 * Go to the first child that reaches beyond `start`; false if all of them end before it, or there is none. Step by step:
 * `gotoFirstChildForIndex` of web-tree-sitter 0.26 says no unless it is the second child.
 */
function enter(cursor: TreeCursor, start: number): boolean {
  if (!cursor.gotoFirstChild()) {
    return false;
  }
  while (cursor.endIndex <= start) {
    if (!cursor.gotoNextSibling()) {
      cursor.gotoParent();
      return false;
    }
  }
  return true;
}

function treeOf(parser: Parser, data: string, old?: Tree): Tree {
  const tree = parser.parse(data, old);
  if (tree === null) {
    throw new Error("tree-sitter gave no tree: it has no grammar");
  }
  return tree;
}

/** The lines, each ended by a newline; lone surrogates, which UTF-8 lacks, become `?`. */
function joined(lines: readonly string[]): string {
  return lines.length ? (lines.join("\n") + "\n").replace(/\p{Surrogate}/gu, "?") : "";
}

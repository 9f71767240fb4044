/** What the build made, read from where `scripts/docs.py` puts it. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { assembled, FILES } from "../src/bundle.ts";
import type { Bundle } from "../src/bundle.ts";

const BUILD = join(import.meta.dirname, "..", "..", "..", "build");

/** An edit, and what our Python code says of it. Tokens and states are of both sides, features pairs of hash and weight. */
export interface Vector {
  readonly before: string;
  readonly after: string;
  readonly label: string;
  readonly action: readonly number[];
  readonly kind: number;
  readonly lexical: readonly (readonly [number, number])[];
  readonly structural: readonly (readonly [number, number])[];
  readonly tokens: readonly (readonly (readonly number[])[])[];
  /** Whether a side has a syntax error; and whether tree-sitter recovers otherwise from it in UTF-16, in Python too. */
  readonly broken: boolean;
  readonly otherwise: boolean;
  readonly states: readonly (readonly number[])[];
  readonly learned: readonly number[];
  /** Of the gallery's edits, in its order. */
  readonly scores: readonly number[];
  readonly predicted: readonly number[];
  readonly line: number;
  /** Of each class of actions at that line of the text after: its probability. */
  readonly likely: readonly number[];
}

/** Everything that Python said. */
export interface Vectors {
  readonly edits: readonly Vector[];
  /** Lexical, structural and learned cosine, the share of the last, and what comes of them. */
  readonly ranking: readonly {
    readonly cosines: readonly [number, number, number];
    readonly share: number;
    readonly score: number;
    readonly reasons: readonly string[];
  }[];
  /** An action of each class. */
  readonly typical: readonly (readonly number[])[];
}

/** What the build wrote for the tests. */
export function vectors(): Vectors {
  const path = process.env["CODEWM_DOCS_VECTORS"] ?? join(BUILD, "docs-vectors.json");
  return JSON.parse(readFileSync(path, "utf8")) as Vectors;
}

/** The model and the gallery, as the page fetches them. */
export function bundle(): Bundle {
  const folder = join(process.env["CODEWM_DOCS_DATA"] ?? join(BUILD, "docs-data"), "data");
  const unpacked = (name: string): Uint8Array => new Uint8Array(gunzipSync(readFileSync(join(folder, `${name}.pack`))));
  return assembled(unpacked("data"), FILES.map(unpacked));
}

/** What the build wrote: the model's files, the gallery, the words. `scripts/docs_data.py` is the other side. */

import type { ActionClasses } from "./model/actionClasses.ts";
import type { LearnedWeight } from "./model/ranking.ts";

/** `data.json`. */
export interface DemoData {
  readonly model: {
    readonly name: string;
    readonly parameters: number;
    readonly positions: number;
    readonly representation: string;
    readonly loops: number;
    readonly weight: LearnedWeight;
  };
  readonly classes: ActionClasses;
  /** The plane of the picture: its origin among the states `[D]`, and two axes `[D]`. */
  readonly plane: { readonly origin: readonly number[]; readonly axes: readonly [readonly number[], readonly number[]] };
  readonly examples: readonly Example[];
  readonly gallery: readonly GalleryEdit[];
}

/** Two texts to begin with. */
export interface Example {
  readonly title: string;
  readonly before: string;
  readonly after: string;
}

/** A hand-written edit with all that a comparison needs of it. Features are pairs of hash and weight. */
export interface GalleryEdit extends Example {
  readonly label: string;
  readonly lexical: readonly (readonly [number, number])[];
  readonly structural: readonly (readonly [number, number])[];
  readonly learned: readonly number[];
  readonly beforeState: readonly number[];
  readonly afterState: readonly number[];
}

/** The build's files, by their names without an ending. */
export const FILES = ["onnxruntime", "encoder", "predictor", "edit_head", "tree-sitter", "python", "idf"] as const;

export type FileName = (typeof FILES)[number];

/** All of it, unpacked. */
export interface Bundle {
  readonly data: DemoData;
  readonly files: Readonly<Record<FileName, Uint8Array>>;
}

/** Fetch everything from beside the page, at once. */
export async function fetchBundle(): Promise<Bundle> {
  const [data, ...files] = await Promise.all([fetchFile("data"), ...FILES.map(fetchFile)]);
  return assembled(data, files);
}

/** A bundle out of unpacked bytes: `data.json`, and the files in the order of `FILES`. */
export function assembled(data: Uint8Array, files: readonly Uint8Array[]): Bundle {
  const named = FILES.map((name, i) => [name, files[i] ?? new Uint8Array()] as const);
  return {
    data: JSON.parse(new TextDecoder().decode(data)) as DemoData,
    files: Object.fromEntries(named) as Record<FileName, Uint8Array>,
  };
}

/** The files are gzip streams under a name of their own, so that no server has to know of it, or thinks that it does. */
async function fetchFile(name: string): Promise<Uint8Array> {
  const response = await fetch(`data/${name}.pack`);
  if (!response.ok || !response.body) {
    throw new Error(`data/${name}.pack cannot be fetched (${response.status})`);
  }
  const unpacked = response.body.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

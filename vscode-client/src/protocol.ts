// Written by scripts/client_types.py from docs/protocol.md: change that, and run it.

export interface DismissParams {
  textDocument: { uri: string };
  hit?: HitReference | null;
  commit?: string | null;
  path?: string | null;
  author?: string | null;
}

export interface Dismissal {
  hit?: HitReference;
  commit?: string;
  path?: string;
  author?: string;
}

export interface DismissedParams {
  textDocument: { uri: string };
}

export interface DismissedResult {
  schema: "codewm.dismissed/1";
  status: "ok" | "unsupported";
  dismissed: Dismissal[];
}

export interface EditContentParams {
  commit: string;
  path: string;
  side: "before" | "after";
}

export interface EditContentResult {
  text: string;
}

export interface Hit {
  commit: string;
  author: string;
  date: string;
  subject: string;
  path: string;
  lines: Lines;
  score: number;
  similarity: number;
  action: string;
  reasons: string[];
  before: string;
  after: string;
  diff?: string;
}

export interface HitReference {
  commit: string;
  path: string;
  lines: [number, number];
}

export interface IndexParams {
  textDocument: { uri: string };
  rebuild?: boolean | null;
}

export type Lines = [number, number];

export interface LiveEdit {
  path: string;
  lines: Lines;
  hits: Hit[];
}

export interface Place {
  range: Range;
  symbol: string;
  kind: "function" | "class" | "module";
}

export interface Position {
  line: number;
  character: number;
}

export interface PredictEditsParams {
  textDocument: { uri: string };
  position: Position;
  version?: number | null;
  k?: number | null;
  diffs?: boolean | null;
}

export interface PredictEditsResult {
  schema: "codewm.predict/1";
  version: number | null;
  status: "ok" | "no-index" | "no-model" | "stale" | "too-large" | "unsupported";
  region: Place | null;
  predictions: Prediction[];
}

export interface Prediction {
  label: string;
  score: number;
  moved: number;
  edits: Hit[];
}

export interface Range {
  start: Position;
  end: Position;
}

export interface Region {
  range: Range;
  symbol: string;
  kind: "function" | "class" | "module";
  fresh: boolean;
  embedding?: string;
}

export type ShowPredictedEditsArguments = [string, number, (number | null)?];

export type ShowSimilarEditsArguments = [string, number, (number | null)?, (number | null)?];

export interface SimilarEditsParams {
  textDocument: { uri: string };
  position?: Position | null;
  range?: Range | null;
  version?: number | null;
  k?: number | null;
  diffs?: boolean | null;
}

export interface SimilarEditsResult {
  schema: "codewm.similar/1";
  version: number | null;
  status: "ok" | "no-index" | "no-edit" | "stale" | "too-large" | "unsupported";
  edits: LiveEdit[];
}

export interface StateParams {
  textDocument: { uri: string };
  position?: Position | null;
  range?: Range | null;
  version?: number | null;
  embeddings?: boolean | null;
}

export interface StateResult {
  schema: "codewm.state/1";
  version: number | null;
  status: "ok" | "stale" | "too-large" | "unsupported" | "no-model";
  model: string | null;
  regions: Region[];
  timings: Timings | null;
}

export interface StatusParams {
  textDocument?: { uri: string } | null;
}

export interface StatusResult {
  schema: "codewm.status/1";
  workTrees: WorkTree[];
}

export interface Timings {
  parse_ms: number;
  tokenize_ms: number;
  encode_ms: number;
  fresh_ms: number | null;
}

export interface WorkTree {
  uri: string;
  name: string;
  state: "none" | "indexing" | "ready" | "stale" | "error";
  commits: number | null;
  commitsTotal: number | null;
  edits: number | null;
  message: string | null;
}

/** Requests to the server, by method. */
export interface Requests {
  "codewm/similarEdits": { params: SimilarEditsParams; result: SimilarEditsResult };
  "codewm/predictEdits": { params: PredictEditsParams; result: PredictEditsResult };
  "codewm/editContent": { params: EditContentParams; result: EditContentResult };
  "codewm/dismiss": { params: DismissParams; result: DismissedResult };
  "codewm/restore": { params: DismissParams; result: DismissedResult };
  "codewm/dismissed": { params: DismissedParams; result: DismissedResult };
  "codewm/state": { params: StateParams; result: StateResult };
  "codewm/status": { params: StatusParams; result: StatusResult };
  "codewm/index": { params: IndexParams; result: StatusResult };
}

/** Notifications of the server, by method: their params. */
export interface Notifications {
  "codewm/statusChanged": WorkTree;
}

import type { Hit, SimilarEditsResult } from "../src/protocol";

/** A hit of which a test names only what it is about. */
export function hit(parts: Partial<Hit> = {}): Hit {
  const commit = parts.commit ?? "a".repeat(40);
  const path = parts.path ?? "src/app.py";
  return {
    commit,
    path,
    author: "Ada",
    date: "2026-11-01T12:00:00+01:00",
    subject: "Give up after a while",
    lines: [3, 5],
    score: 0.5,
    similarity: 0.5,
    action: "add parameter",
    reasons: ["same names"],
    before: `codewm:/${commit}/before/${path}`,
    after: `codewm:/${commit}/after/${path}`,
    ...parts,
  };
}

export function result(...hits: Hit[]): SimilarEditsResult {
  return { schema: "codewm.similar/1", version: 1, status: "ok", edits: [{ path: "src/app.py", lines: [1, 1], hits }] };
}

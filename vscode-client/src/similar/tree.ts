/** Hits as a tree: commit > file > hunk, with the texts that the view shows and that a screen reader reads. */

import type { Hit, SimilarEditsResult } from "../protocol";
import { age, linesWords, plain, similarityWords } from "./words";

/** Which hits are shown: all, or those of one file or of one author. */
export type Filter = { path: string } | { author: string } | undefined;

export interface Node {
  kind: "commit" | "file" | "hunk";
  /** Stays the same when the tree is built again, so that the view keeps what is open and selected. */
  id: string;
  label: string;
  description: string;
  tooltip: string;
  /** What a screen reader reads. */
  spoken: string;
  /** The hit itself, or the best one below. */
  hit: Hit;
  children: Node[];
}

/** The hits of a result that the filter lets through, each once, in the result's order. */
export function shownHits(result: SimilarEditsResult, filter: Filter): Hit[] {
  const hits = new Map<string, Hit>();
  for (const hit of result.edits.flatMap((edit) => edit.hits)) {
    const passes = filter === undefined || ("path" in filter ? hit.path === filter.path : hit.author === filter.author);
    if (passes && !hits.has(hunkId(hit))) {
      hits.set(hunkId(hit), hit);
    }
  }
  return [...hits.values()];
}

/** Commits in the order of their best hits, which is the order of `hits`. */
export function buildTree(hits: readonly Hit[], now: Date): Node[] {
  return [...grouped(hits, (hit) => hit.commit).values()].map((ofCommit) => {
    const files = [...grouped(ofCommit, (hit) => hit.path).values()].map(fileNode);
    return commitNode(ofCommit, files, now);
  });
}

function commitNode(hits: readonly [Hit, ...Hit[]], files: Node[], now: Date): Node {
  const [best] = hits;
  const subject = plain(best.subject) || "(no subject)";
  const author = plain(best.author) || "(no name)";
  const when = age(best.date, now);
  const similarity = similarityWords(Math.max(...hits.map((hit) => hit.similarity)));
  return {
    kind: "commit",
    id: best.commit,
    label: subject,
    description: `${author}, ${when} · ${similarity}`,
    tooltip: [subject, `${author}, ${best.date}`, best.commit, similarity].join("\n"),
    spoken: `Commit: ${subject}, by ${author}, ${when}, ${similarity}`,
    hit: best,
    children: files,
  };
}

function fileNode(hits: readonly [Hit, ...Hit[]]): Node {
  const [best] = hits;
  const path = plain(best.path);
  const cut = path.lastIndexOf("/");
  return {
    kind: "file",
    id: `${best.commit}:${best.path}`,
    label: path.slice(cut + 1),
    description: path.slice(0, Math.max(0, cut)),
    tooltip: path,
    spoken: `File ${path}, ${hits.length} past ${hits.length === 1 ? "edit" : "edits"}`,
    hit: best,
    children: hits.map(hunkNode),
  };
}

function hunkNode(hit: Hit): Node {
  const action = plain(hit.action) || "edit";
  const lines = linesWords(hit.lines);
  const similarity = similarityWords(hit.similarity);
  const reasons = hit.reasons.map(plain).join(", ");
  return {
    kind: "hunk",
    id: hunkId(hit),
    label: action,
    description: [similarity, lines, reasons].filter(Boolean).join(" · "),
    tooltip: [action, `${plain(hit.path)}, ${lines}`, similarity, reasons].filter(Boolean).join("\n"),
    spoken: [action, similarity, lines, reasons].filter(Boolean).join(", "),
    hit,
    children: [],
  };
}

function hunkId(hit: Hit): string {
  return `${hit.commit}:${hit.path}:${hit.lines.join("-")}`;
}

/** Groups in the order of their first members; none is empty. */
function grouped(hits: readonly Hit[], key: (hit: Hit) => string): Map<string, [Hit, ...Hit[]]> {
  const groups = new Map<string, [Hit, ...Hit[]]>();
  for (const hit of hits) {
    const group = groups.get(key(hit));
    if (group === undefined) {
      groups.set(key(hit), [hit]);
    } else {
      group.push(hit);
    }
  }
  return groups;
}

import assert from "node:assert/strict";
import { test } from "node:test";
import type { WorkTree } from "../src/protocol";
import { status } from "../src/status/state";

const TREE: WorkTree = {
  uri: "file:///home/ada/shop",
  name: "shop",
  state: "ready",
  commits: null,
  commitsTotal: null,
  edits: 12345,
  message: null,
};

function ofTree(changes: Partial<WorkTree>): string {
  const { shown, text, sentence } = status({ kind: "running" }, { ...TREE, ...changes });
  return [shown, text, sentence].join(" | ");
}

test("each state of a work tree has its own words", () => {
  assert.equal(ofTree({}), "ready | codewm | shop: 12,345 past edits indexed, up to date.");
  assert.equal(ofTree({ state: "none" }), "none | codewm: not indexed | shop has no index of its past edits yet.");
  assert.equal(ofTree({ state: "stale" }), "stale | codewm: behind | shop: 12,345 past edits indexed; newer commits are not indexed.");
  assert.equal(ofTree({ state: "error", message: "Run `codewm-lsp index`." }), "error | codewm: error | shop: Run `codewm-lsp index`.");
});

test("indexing shows how many commits are done of how many", () => {
  const shown = ofTree({ state: "indexing", commits: 120, commitsTotal: 600 });
  assert.equal(shown, "indexing | codewm: indexing 120/600 | shop: 120 of 600 commits indexed.");
});

test("a server that does not run is shown before any work tree", () => {
  const kinds = ["off", "missing", "failed", "starting", "restarting"] as const;
  const shown = kinds.map((kind) => status({ kind, message: "Why." }, TREE).shown);
  assert.deepEqual(shown, ["off", "missing", "error", "busy", "busy"]);
});

test("why a server is missing or failed is what a screen reader reads", () => {
  assert.equal(status({ kind: "missing", message: "There is none." }, undefined).sentence, "There is none.");
});

test("without a work tree there is nothing to show", () => {
  assert.equal(status({ kind: "running" }, undefined).shown, "idle");
});

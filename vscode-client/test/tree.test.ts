import assert from "node:assert/strict";
import { test } from "node:test";
import { buildTree, type Node, shownHits } from "../src/similar/tree";
import { hit, result } from "./hits";

const NOW = new Date("2026-11-25T12:00:00Z");

function outline(nodes: readonly Node[]): unknown[] {
  return nodes.map((node) => (node.children.length > 0 ? [node.label, ...outline(node.children)] : node.label));
}

test("hits are commits, with files, with hunks, in the order of their best hits", () => {
  const hits = [
    hit({ commit: "b".repeat(40), subject: "Second", action: "one" }),
    hit({ commit: "a".repeat(40), subject: "First", action: "two" }),
    hit({ commit: "b".repeat(40), subject: "Second", path: "src/other.py", action: "three" }),
    hit({ commit: "b".repeat(40), subject: "Second", lines: [9, 9], action: "four" }),
  ];
  assert.deepEqual(outline(buildTree(hits, NOW)), [
    ["Second", ["app.py", "one", "four"], ["other.py", "three"]],
    ["First", ["app.py", "two"]],
  ]);
});

test("a commit says who, when, and how similar its best hit is", () => {
  const [commit] = buildTree([hit({ similarity: 0.3 }), hit({ similarity: 0.9, lines: [9, 9] })], NOW);
  assert.equal(commit?.description, "Ada, 3 weeks ago · 90 %, almost the same");
});

test("a hunk says how similar it is, where, and why it is a hit", () => {
  const hunk = buildTree([hit({ reasons: ["same names", "same shape"] })], NOW)[0]?.children[0]?.children[0];
  assert.equal(hunk?.label, "add parameter");
  assert.equal(hunk.description, "50 %, similar · lines 3 to 5 · same names, same shape");
});

test("a screen reader hears what every row is, without signs", () => {
  const [commit] = buildTree([hit()], NOW);
  const file = commit?.children[0];
  assert.equal(commit?.spoken, "Commit: Give up after a while, by Ada, 3 weeks ago, 50 %, similar");
  assert.equal(file?.spoken, "File src/app.py, 1 past edit");
  assert.equal(file.children[0]?.spoken, "add parameter, 50 %, similar, lines 3 to 5, same names");
});

test("no two rows have the same id, and the same rows have the same ids when they are built again", () => {
  const hits = [hit(), hit({ lines: [9, 9] }), hit({ path: "b.py" }), hit({ commit: "b".repeat(40) })];
  const ids = (nodes: readonly Node[]): string[] => nodes.flatMap((node) => [node.id, ...ids(node.children)]);
  const first = ids(buildTree(hits, NOW));
  assert.equal(new Set(first).size, first.length);
  assert.deepEqual(ids(buildTree(hits, new Date())), first);
});

test("a commit without subject or author still has a row that can be read", () => {
  const [commit] = buildTree([hit({ subject: " \u200b", author: "" })], NOW);
  assert.equal(commit?.label, "(no subject)");
  assert.match(commit.description, /^\(no name\), /);
});

test("a filter lets through one file, or one author, and nothing else", () => {
  const answer = result(hit(), hit({ path: "b.py", author: "Bob" }), hit({ lines: [9, 9], author: "Bob" }));
  const shown = (filter: Parameters<typeof shownHits>[1]): string[] =>
    shownHits(answer, filter).map(({ path, author }) => `${path} ${author}`);
  assert.deepEqual(shown({ path: "b.py" }), ["b.py Bob"]);
  assert.deepEqual(shown({ author: "Bob" }), ["b.py Bob", "src/app.py Bob"]);
  assert.equal(shown(undefined).length, 3);
});

test("a past edit that is like two live edits is shown once", () => {
  const answer = result(hit());
  const twice = { ...answer, edits: [...answer.edits, ...answer.edits] };
  assert.equal(shownHits(twice, undefined).length, 1);
});

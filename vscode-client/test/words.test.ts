import assert from "node:assert/strict";
import { test } from "node:test";
import { isNewEnough, versionsOfWheels } from "../src/server/python";
import { age, linesWords, plain, similarityWords } from "../src/similar/words";

const NOW = new Date("2026-11-25T12:00:00Z");

test("ages are in the largest unit that fits", () => {
  for (const [date, words] of [
    ["2026-11-25T11:00:00Z", "today"],
    ["2026-11-24T11:00:00Z", "yesterday"],
    ["2026-11-20T11:00:00Z", "5 days ago"],
    ["2026-11-17T11:00:00Z", "1 week ago"],
    ["2026-11-04T12:00:00Z", "3 weeks ago"],
    ["2026-08-25T12:00:00Z", "3 months ago"],
    ["2024-11-01T12:00:00Z", "2 years ago"],
  ] as const) {
    assert.equal(age(date, NOW), words);
  }
});

test("a commit from the future is of today, and a date that is none has no age", () => {
  assert.equal(age("2027-01-01T00:00:00Z", NOW), "today");
  assert.equal(age("once", NOW), "at an unknown time");
});

test("similarity is said in percent and in words, and never beyond 0 to 100", () => {
  assert.equal(similarityWords(0.88), "88 %, almost the same");
  assert.equal(similarityWords(0.43), "43 %, similar");
  assert.equal(similarityWords(1.0001), "100 %, almost the same");
  assert.equal(similarityWords(-0.3), "0 %, loosely similar");
});

test("more similar is never called less similar", () => {
  const words = [0, 0.19, 0.2, 0.4, 0.6, 0.85, 1].map((value) => similarityWords(value).split(", ")[1]);
  assert.deepEqual(words, [
    "loosely similar",
    "loosely similar",
    "somewhat similar",
    "similar",
    "very similar",
    "almost the same",
    "almost the same",
  ]);
});

test("one line is no range", () => {
  assert.equal(linesWords([7, 7]), "line 7");
  assert.equal(linesWords([7, 9]), "lines 7 to 9");
});

test("characters that hide or reorder others do not reach the view", () => {
  assert.equal(plain("safe\u202egnp.exe\n\u0007"), "safe gnp.exe");
});

test("Python 3.11 and later are new enough", () => {
  assert.deepEqual(["3.10.9", "2.7.18", "3.11.0", "3.14.1", "4.0.0", ""].map(isNewEnough), [false, false, true, true, true, false]);
});

test("compiled wheels say which Python they are for; those for every Python say nothing", () => {
  const files = [
    "codewm_lsp-0.1.0-py3-none-any.whl",
    "hnswlib-0.8.0-cp312-cp312-linux_x86_64.whl",
    "tree_sitter_python-0.25.0-cp310-abi3-manylinux_2_17_x86_64.whl",
    "README.md",
  ];
  assert.deepEqual([...versionsOfWheels(files)], ["3.12"]);
});

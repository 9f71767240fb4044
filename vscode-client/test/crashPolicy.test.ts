import assert from "node:assert/strict";
import { test } from "node:test";
import { CrashPolicy, MOST_FAILED_STARTS, MOST_SHORT_LIVES } from "../src/server/crashPolicy";

const LONG_MS = 60_000;

test("a server that lived is started again at once, as often as it ends", () => {
  const policy = new CrashPolicy();
  for (let ends = 0; ends < 100; ends++) {
    assert.deepEqual(policy.ended(LONG_MS), { restart: true, pauseMs: 0 });
  }
});

test("a server that is killed ten times as soon as it is ready comes back ten times, within 20 seconds of pauses", () => {
  const policy = new CrashPolicy();
  let pauses = 0;
  for (let kills = 0; kills < 10; kills++) {
    const decision = policy.ended(100);
    assert.ok(decision.restart);
    pauses += decision.pauseMs;
  }
  assert.ok(pauses <= 20_000, `${pauses} ms`);
});

test("a server that never becomes ready is given up after a few starts", () => {
  const policy = new CrashPolicy();
  for (let starts = 1; starts < MOST_FAILED_STARTS; starts++) {
    assert.ok(policy.ended(undefined).restart);
  }
  assert.deepEqual(policy.ended(undefined), { restart: false });
});

test("a server that ends again and again right after it is ready is given up in the end", () => {
  const policy = new CrashPolicy();
  for (let lives = 0; lives < MOST_SHORT_LIVES; lives++) {
    assert.ok(policy.ended(100).restart);
  }
  assert.deepEqual(policy.ended(100), { restart: false });
});

test("one long life makes up for short ones", () => {
  const policy = new CrashPolicy();
  policy.ended(100);
  policy.ended(100);
  assert.deepEqual(policy.ended(LONG_MS), { restart: true, pauseMs: 0 });
});

test("a person who asks for a start gets as many tries as the first time", () => {
  const policy = new CrashPolicy();
  for (let starts = 0; starts < MOST_FAILED_STARTS; starts++) {
    policy.ended(undefined);
  }
  policy.reset();
  assert.ok(policy.ended(undefined).restart);
});

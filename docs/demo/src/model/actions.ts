/** The action of an edit: 63 readable numbers that describe it, and a label in words. Mirrors `codewm_model/actions.py`. */

import { CATEGORIES, countsOf, nameOf } from "./categories.ts";
import type { Category, Counts } from "./categories.ts";
import { changedLeaves } from "./changes.ts";
import type { Change, Side } from "./changes.ts";

export const TYPES = ["add", "delete", "modify"] as const;
export const SCOPES = ["function", "class", "module"] as const;

export const ACTION_SIZE = 2 * CATEGORIES.length + TYPES.length + SCOPES.length + 3;

const WRAPPERS = ["try", "with", "loop", "condition"] as const;

/** What an action says, before it becomes numbers: counts of changed leaves and lines, and the rest in words. */
export interface ActionParts {
  readonly removed: Counts;
  readonly added: Counts;
  readonly type: (typeof TYPES)[number];
  readonly scope: (typeof SCOPES)[number];
  readonly removedLines: number;
  readonly addedLines: number;
  /** 0 to 1: where in the enclosing definition the change begins. */
  readonly position: number;
}

/** What the change does. */
export function partsOf(change: Change): ActionParts {
  const { removed, added } = change.edit;
  return {
    removed: countsOf(change.before),
    added: countsOf(change.after),
    type: !removed.length ? "add" : added.length ? "modify" : "delete",
    scope: change.scope,
    removedLines: removed.length,
    addedLines: added.length,
    position: change.position,
  };
}

/** The action `[ACTION_SIZE]`: counts as log(1 + n), the type and the scope as one of three. */
export function actionOf(parts: ActionParts): Float32Array {
  return Float32Array.from([
    ...CATEGORIES.map((category) => Math.log1p(parts.removed.get(category) ?? 0)),
    ...CATEGORIES.map((category) => Math.log1p(parts.added.get(category) ?? 0)),
    ...TYPES.map((type) => Number(type === parts.type)),
    ...SCOPES.map((scope) => Number(scope === parts.scope)),
    Math.log1p(parts.removedLines),
    Math.log1p(parts.addedLines),
    parts.position,
  ]);
}

/** The nearest thing that can be said in parts of an action `[ACTION_SIZE]`, such as the centre of a class. */
export function partsFrom(action: ArrayLike<number>): ActionParts {
  const size = CATEGORIES.length;
  const value = (i: number): number => action[i] ?? 0;
  const count = (i: number): number => Math.max(0, Math.round(Math.expm1(value(i))));
  const counts = (from: number): Counts => {
    const found = CATEGORIES.map((category, i) => [category, count(from + i)] as const);
    return new Map(found.filter(([, n]) => n > 0));
  };
  const strongest = <T>(names: readonly [T, ...T[]], from: number): T =>
    names.reduce((best, name, i) => (value(from + i) > value(from + names.indexOf(best)) ? name : best), names[0]);
  const rest = 2 * size + TYPES.length + SCOPES.length;
  return {
    removed: counts(0),
    added: counts(size),
    type: strongest(TYPES, 2 * size),
    scope: strongest(SCOPES, 2 * size + TYPES.length),
    removedLines: count(rest),
    addedLines: count(rest + 1),
    position: Math.min(1, Math.max(0, value(rest + 2))),
  };
}

/** The action in words, such as "add keyword argument", "wrap in try" or "rename". */
export function labelOf(change: Change): string {
  const [removed, added] = [countsOf(change.before), countsOf(change.after)];
  const longer = change.edit.added.length - change.edit.removed.length;
  if (!removed.size && !added.size) {
    return "change layout";
  }
  if (!removed.size) {
    const wrapper = WRAPPERS.find((name) => added.has(name) && change.edit.removed.length && longer > 0);
    return wrapper ? `wrap in ${nameOf(wrapper)}` : `add ${firstOf(added)}`;
  }
  if (!added.size) {
    const wrapper = WRAPPERS.find((name) => removed.has(name) && change.edit.added.length && longer < 0);
    return wrapper ? `unwrap ${nameOf(wrapper)}` : `remove ${firstOf(removed)}`;
  }
  if (onlyNames(change.before) && onlyNames(change.after)) {
    return "rename";
  }
  if (firstOf(removed) === firstOf(added)) {
    return `change ${firstOf(added)}`;
  }
  const lost = without(removed, added);
  const gained = without(added, removed);
  if (lost.size && gained.size) {
    return `replace ${firstOf(lost)} with ${firstOf(gained)}`;
  }
  if (gained.size) {
    return `add ${firstOf(gained)}`;
  }
  return lost.size ? `remove ${firstOf(lost)}` : `change ${firstOf(added)}`;
}

function firstOf(counts: Counts): string {
  return nameOf(CATEGORIES.find((category) => counts.has(category)) ?? "other");
}

function without(counts: Counts, others: Counts): Counts {
  return new Map<Category, number>([...counts].filter(([category]) => !others.has(category)));
}

function onlyNames(side: Side): boolean {
  return changedLeaves(side).every((i) => side.leaves[i]?.kind === "name");
}

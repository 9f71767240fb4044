/** Which category a changed leaf counts in: the tables of `codewm_model/actions.py`. */

import { changedLeaves } from "./changes.ts";
import type { Side } from "./changes.ts";
import type { Leaf } from "./syntax.ts";

/** The most telling first: a label names the first that applies. */
export const CATEGORIES = [
  "class", "function", "try", "with", "loop", "condition", "decorator", "import", "raise", "return", "assert",
  "async", "parameter", "annotation", "comprehension", "keyword argument", "assignment", "comparison", "operator",
  "collection", "call", "attribute", "comment", "string", "constant", "text", "other",
] as const;

export type Category = (typeof CATEGORIES)[number];

export type Counts = ReadonlyMap<Category, number>;

const OTHERWISE: Partial<Record<Category, string>> = { other: "code", condition: "if", constant: "value" };

const PUNCTUATION = new Set("()[]{},.:;=");
const CLAUSES = new Set(["for_in_clause", "if_clause"]);

const KINDS = table({
  class: "class",
  function: "def",
  comprehension: "lambda",
  decorator: "@",
  import: "import from",
  try: "try except finally",
  with: "with",
  loop: "for while break continue",
  condition: "if elif else match case",
  raise: "raise",
  return: "return",
  assert: "assert",
  async: "async await yield",
  annotation: "->",
  operator: "and or not",
  comparison: "in is not+in is+not == != < > <= >=",
  constant: "none true false number",
  string: "string",
  comment: "comment",
  text: "word",
});
const PARENTS = table({
  import: "dotted_name import_statement import_from_statement aliased_import import_prefix",
  decorator: "decorator",
  "keyword argument": "keyword_argument",
  parameter: "parameters default_parameter typed_parameter typed_default_parameter lambda_parameters",
  annotation: "type generic_type union_type type_parameter",
  call: "call argument_list",
  attribute: "attribute",
  assignment: "assignment augmented_assignment named_expression",
  operator: "binary_operator unary_operator boolean_operator",
  comparison: "comparison_operator",
  collection: "subscript slice list tuple set dictionary pair",
  comprehension:
    "list_comprehension dictionary_comprehension set_comprehension generator_expression for_in_clause if_clause",
  string: "interpolation",
});

/** How many really changed leaves of a side count in each category. */
export function countsOf(side: Side): Counts {
  const leaves = changedLeaves(side).flatMap((i) => side.leaves[i] ?? []);
  const telling = leaves.filter((leaf) => !PUNCTUATION.has(leaf.kind));
  const counts = new Map<Category, number>();
  for (const category of telling.map(categoryOf)) {
    counts.set(category, (counts.get(category) ?? 0) + 1);
  }
  return counts.size || !leaves.length ? counts : new Map([["other", 1]]);
}

/** A category in words. */
export function nameOf(category: Category): string {
  return OTHERWISE[category] ?? category;
}

/** What a leaf is part of (annotation, comprehension), else what its kind says, else its parent, its grandparent. */
function categoryOf(leaf: Leaf): Category {
  if (leaf.annotation) {
    return "annotation";
  }
  if (CLAUSES.has(leaf.parent)) {
    return "comprehension";
  }
  return KINDS.get(leaf.kind) ?? PARENTS.get(leaf.parent) ?? PARENTS.get(leaf.grandparent) ?? "other";
}

/** From each word of a category's list to the category; a `+` stands for a space within a word. */
function table(lists: Partial<Record<Category, string>>): ReadonlyMap<string, Category> {
  return new Map(
    CATEGORIES.flatMap((category) =>
      (lists[category]?.split(" ") ?? []).map((word) => [word.replace("+", " "), category] as const),
    ),
  );
}

/** The score of two edits, which orders the list, and the reasons. Mirrors `codewm_model/ranking.py`. */

const LEXICAL_SHARE = 0.84; // of the score of the sketches
const [SAME_NAMES, SAME_SHAPE, NEAR_IN_MODEL] = [0.3, 0.6, 0.7]; // cosines from which a reason is worth naming
const WEAK_REASONS = ["some of the same names", "a similar shape"] as const;

/** Cosines of two edits, by channel. */
export interface Channels {
  readonly lexical: number;
  readonly structural: number;
  readonly learned: number;
}

/** What the two halves of the learned embedding count for in the score. */
export interface LearnedWeight {
  readonly kind: number;
  readonly topic: number;
}

/**
 * A learned embedding by what its halves count for: its inner product with another is the mean of their cosines by these
 * weights.
 */
export function weighed(learned: Float32Array, { kind, topic }: LearnedWeight): Float32Array {
  const half = learned.length / 2;
  return learned.map((value, i) => (value * 2 * (i < half ? kind : topic)) / Math.max(kind + topic, 1e-9));
}

/** The score, at most 1: the learned channel takes its `share` and leaves the proportion of the others as it is. */
export function fuse({ lexical, structural, learned }: Channels, share: number): number {
  const sketched = LEXICAL_SHARE * lexical + (1 - LEXICAL_SHARE) * structural;
  return (1 - share) * sketched + share * learned;
}

/** Why an edit is near, in words; the stronger channel of the sketches is named if no other reason is. */
export function reasons({ lexical, structural, learned }: Channels): string[] {
  const found = [
    ...(lexical >= SAME_NAMES ? ["same names"] : []),
    ...(structural >= SAME_SHAPE ? ["same shape"] : []),
    ...(learned >= NEAR_IN_MODEL ? ["near in the model"] : []),
  ];
  return found.length ? found : [lexical >= structural ? WEAK_REASONS[0] : WEAK_REASONS[1]];
}

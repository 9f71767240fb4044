/** How likely each kind of edit is next, by the model alone: there is no past to vote. Mirrors `codewm_model/prediction.py`. */

import type { Vector } from "./vectors.ts";

/** Log-probabilities as probabilities, which are 1 in sum whatever a network gave. */
export function probabilities(prior: Vector): number[] {
  const most = Math.max(...Array.from(prior));
  const shifted = Array.from(prior, (value) => Math.exp(value - most));
  const sum = shifted.reduce((one, two) => one + two, 0);
  return shifted.map((value) => value / sum);
}

/** Classes of actions: what kinds of edits the model tells apart. Mirrors `codewm_model/action_classes.py`. */

const CLIP = 2; // standard deviations

/** K centres of standardised actions, and each class in words, which the build asks Python for. */
export interface ActionClasses {
  readonly mean: readonly number[];
  readonly scale: readonly number[];
  readonly centres: readonly (readonly number[])[];
  readonly labels: readonly string[];
}

/** The class of an action: its nearest centre. */
export function classOf(classes: ActionClasses, action: ArrayLike<number>): number {
  const standardised = classes.mean.map((mean, i) => {
    const value = ((action[i] ?? 0) - mean) / (classes.scale[i] ?? 1);
    return Math.min(CLIP, Math.max(-CLIP, value));
  });
  const distances = classes.centres.map((centre) =>
    centre.reduce((sum, value, i) => sum + (value - (standardised[i] ?? 0)) ** 2, 0),
  );
  return distances.indexOf(Math.min(...distances));
}

/** An action of a class: its centre. */
export function typicalAction(classes: ActionClasses, row: number): number[] {
  const centre = classes.centres[row] ?? [];
  return centre.map((value, i) => value * (classes.scale[i] ?? 1) + (classes.mean[i] ?? 0));
}

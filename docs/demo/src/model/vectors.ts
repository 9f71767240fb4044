/** Arithmetic on a model's vectors. */

export type Vector = ArrayLike<number>;

/** The inner product. */
export function dot(one: Vector, two: Vector): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) {
    sum += (one[i] ?? 0) * (two[i] ?? 0);
  }
  return sum;
}

/** The Euclidean length. */
export function norm(vector: Vector): number {
  return Math.sqrt(dot(vector, vector));
}

/** The cosine of the angle between two, 0 where one has no length. */
export function cosineOf(one: Vector, two: Vector): number {
  return dot(one, two) / Math.max(norm(one) * norm(two), 1e-9);
}

/** The one less the other. */
export function difference(one: Vector, two: Vector): Float32Array {
  return Float32Array.from(one, (value, i) => value - (two[i] ?? 0));
}

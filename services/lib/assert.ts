/**
 * A promise between our own parts was broken: fatal for the unit of work, never for its neighbours.
 */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Throws unless `condition` holds; `why` says why it must hold. Kept in production. */
export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new AssertionError(`Assertion failed: ${why}`);
}

/** For the default branch of a switch over a closed union. */
export function unreachable(value: never): never {
  throw new AssertionError(`Assertion failed: unexpected value ${JSON.stringify(value)}`);
}

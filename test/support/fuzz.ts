/**
 * How long and from which seed properties are tried: fixed in `check`, free in `fuzz`.
 * FUZZ_RUNS: number of runs, and a free seed; FUZZ_SEED: that seed, or `random`.
 */
export function fuzzing(runs = 300): { readonly numRuns: number; readonly seed?: number } {
  const { FUZZ_RUNS, FUZZ_SEED } = process.env;
  const numRuns = FUZZ_RUNS === undefined ? runs : Number(FUZZ_RUNS);
  if (FUZZ_SEED !== undefined && FUZZ_SEED !== "random")
    return { numRuns, seed: Number(FUZZ_SEED) };
  const isFree = FUZZ_SEED === "random" || FUZZ_RUNS !== undefined;
  return isFree ? { numRuns } : { numRuns, seed: 1 };
}

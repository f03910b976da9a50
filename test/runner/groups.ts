/**
 * What is run for `check`, `all` and `fuzz`, and in which order: what fails fastest comes first.
 */

export type Mode = "check" | "all" | "fuzz";

export interface Group {
  readonly name: string;
  readonly kind: "tool" | "tests" | "audit";
  /** Arguments of the tool, or the paths where the tests are. */
  readonly what: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** One test may take this long. */
  readonly testTimeoutMs: number;
  /** All of the group may take this long; then it is killed and counts as failed. */
  readonly groupTimeoutMs: number;
  /** What is fetched or built before its time begins to run. */
  readonly needs?: readonly ("servers" | "chartTools" | "k6")[];
}

const second = 1_000;
const minute = 60_000;
/** A machine may have ten times as much to do as it can. */
const common = { testTimeoutMs: minute, groupTimeoutMs: 20 * minute } as const;

/**
 * Paths of unit tests are those of what they test; the folders under `test/` have their own groups.
 */
const unitPaths = [
  "services",
  "proto",
  "loadtest",
  "deploy",
  "test/support",
  "test/runner",
  "test/peers",
];

const check: readonly Group[] = [
  { ...common, name: "types", kind: "tool", what: ["tsc", "-p", "."] },
  { ...common, name: "biome", kind: "tool", what: ["biome", "check", "--error-on-warnings"] },
  { ...common, name: "house", kind: "tests", what: ["test/house.test.ts"] },
  { ...common, name: "unit", kind: "tests", what: unitPaths },
  { ...common, name: "transcripts", kind: "tests", what: ["test/transcripts"] },
  { ...common, name: "conformance", kind: "tests", what: ["test/conformance"] },
  { ...common, name: "simulation", kind: "tests", what: ["test/simulation"] },
  { ...common, name: "fuzz", kind: "tests", what: ["test/fuzz"] },
  // Asks a registry, which may be away.
  {
    ...common,
    name: "audit",
    kind: "audit",
    what: ["audit", "--omit=dev", "--json", "--fetch-retries=0"],
    groupTimeoutMs: 20 * second,
  },
];

/** A first start, three nodes of Cassandra on a busy machine, a fetch on a slow line. */
const onServers = { needs: ["servers"], testTimeoutMs: 10 * minute } as const;

const onProcesses: readonly Group[] = [
  {
    name: "deploy",
    kind: "tests",
    needs: ["servers", "chartTools", "k6"],
    what: ["test/deploy"],
    testTimeoutMs: 10 * minute,
    groupTimeoutMs: 20 * minute,
  },
  {
    name: "integration",
    kind: "tests",
    needs: ["k6"],
    what: ["test/integration"],
    testTimeoutMs: 2 * minute,
    groupTimeoutMs: 15 * minute,
  },
  {
    ...onServers,
    name: "cluster",
    kind: "tests",
    what: ["test/cluster"],
    groupTimeoutMs: 20 * minute,
  },
  {
    ...onServers,
    name: "faults",
    kind: "tests",
    what: ["test/faults"],
    groupTimeoutMs: 40 * minute,
  },
];

const fuzz: readonly Group[] = [
  {
    name: "fuzz",
    kind: "tests",
    what: ["test/fuzz"],
    // With a number of runs the seed is free; a failure prints it.
    environment: { FUZZ_RUNS: "100000" },
    testTimeoutMs: 30 * minute,
    groupTimeoutMs: 120 * minute,
  },
];

const groupsByMode: Readonly<Record<Mode, readonly Group[]>> = {
  check,
  all: [...check, ...onProcesses],
  fuzz,
};

/** The groups of a mode, or of it only those named. */
export function groupsOf(mode: Mode, names: readonly string[]): readonly Group[] {
  const groups = groupsByMode[mode];
  return names.length === 0 ? groups : groups.filter(({ name }) => names.includes(name));
}

export function isMode(word: string): word is Mode {
  return Object.hasOwn(groupsByMode, word);
}

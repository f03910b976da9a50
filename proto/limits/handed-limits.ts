/**
 * What an owner hands over of the limits of its shard, in its last checkpoint: the shard's own counts,
 * and the books of the limits that have their home there (ADR 0012 §7, 0013 §7). As arrays: a new
 * field is added at the end, and who does not know it ignores it.
 */
import type { HandedHolder } from "#lib/limits/holder";
import type { Demand, RateKind } from "#lib/limits/limit";
import type { Snapshot } from "#lib/limits/limit-table";
import {
  decodeRecord,
  encodeRecord,
  readAmount,
  readArray,
  readCount,
  readText,
  refuse,
} from "../record.ts";

export const handedLimitsVersion = 1;

/** A checkpoint is one message, and every worker is told of it. */
export const handedLimitsBytesMax = 256 * 1024;

export interface HandedLimits {
  /** Absent: taken as all used up at the hand-over. */
  readonly counts?: Snapshot;
  /** Absent: as after a crash of the home. */
  readonly home?: HandedHome;
}

export interface HandedHome {
  /** Since when no other home has answered. */
  readonly ownedForMs: number;
  /** Those who have not answered its roll; undefined: it does not know whom to ask. */
  readonly unheard: readonly string[] | undefined;
  readonly rates: readonly HandedRate[];
  readonly connections: readonly HandedConnections[];
}

export interface HandedRate {
  readonly key: string;
  readonly perMs: number;
  readonly burst: number;
  readonly tokens: number;
  readonly holders: readonly HandedHolder[];
}

export interface HandedConnections {
  readonly key: string;
  readonly max: number;
  readonly holders: readonly HandedHolder[];
}

/** Written as their index: only ever add at the end. */
const rateKinds: readonly RateKind[] = ["newConnections", "messages", "recipients", "bytes"];

/**
 * As much of it as there is room for: without the counts, which cost a burst each, rather than
 * without the home, which costs seconds of everybody's.
 */
export function encodeHandedLimits(
  handed: HandedLimits,
  bytesMax = handedLimitsBytesMax,
): Uint8Array | undefined {
  const { counts, home } = handed;
  const parts: readonly HandedLimits[] = [
    handed,
    { ...(home && { home }) },
    { ...(counts && { counts }) },
  ];
  for (const part of parts) {
    if (part.counts === undefined && part.home === undefined) return undefined;
    const bytes = encodeRecord(fieldsOf(part));
    if (bytes.length <= bytesMax) return bytes;
  }
  return undefined;
}

/** @throws {UndecodableRecord} */
export function decodeHandedLimits(bytes: Uint8Array): HandedLimits {
  const [version, counts, home] = readArray(decodeRecord(bytes, "handed limits"), "handed limits");
  if (version !== handedLimitsVersion) {
    refuse("handed limits", `version ${String(version)} is not known`);
  }
  return {
    ...(isAbsent(counts) ? undefined : { counts: readCounts(counts) }),
    ...(isAbsent(home) ? undefined : { home: readHome(home) }),
  };
}

function fieldsOf({ counts, home }: HandedLimits): readonly unknown[] {
  return [handedLimitsVersion, counts && countsValue(counts), home && homeValue(home)].map(
    (field) => field ?? null,
  );
}

function countsValue({ unpaid, crash }: Snapshot): readonly unknown[] {
  const crashed = crash && [crash.agoMs, rateKinds.map((kind) => crash.demandMax[kind] ?? 0)];
  return [
    unpaid.map(({ key, aheadMs, intervalMs }) => [key, aheadMs, intervalMs]),
    crashed ?? null,
  ];
}

function readCounts(value: unknown): Snapshot {
  const [unpaid, crash] = readArray(value, "counts");
  return {
    unpaid: readArray(unpaid, "what is unpaid").map((each) => {
      const [key, aheadMs, intervalMs] = readArray(each, "what is unpaid");
      return {
        key: readText(key, "limit's key"),
        aheadMs: readAmount(aheadMs, "debt"),
        intervalMs: readAmount(intervalMs, "interval"),
      };
    }),
    crash: isAbsent(crash) ? undefined : readCrash(crash),
  };
}

function readCrash(value: unknown): NonNullable<Snapshot["crash"]> {
  const [agoMs, costs] = readArray(value, "crash");
  const demandMax: { [K in RateKind]?: number } = {};
  for (const [n, cost] of readArray(costs, "crash's costs").entries()) {
    const kind = rateKinds[n];
    if (kind !== undefined) demandMax[kind] = readAmount(cost, "crash's cost");
  }
  const demand: Demand = demandMax;
  return { agoMs: readAmount(agoMs, "time since the crash"), demandMax: demand };
}

function homeValue({ ownedForMs, unheard, rates, connections }: HandedHome): readonly unknown[] {
  return [
    ownedForMs,
    unheard ?? null,
    rates.map(({ key, perMs, burst, tokens, holders }) => {
      return [key, perMs, burst, tokens, holders.map(holderValue)];
    }),
    connections.map(({ key, max, holders }) => [key, max, holders.map(holderValue)]),
  ];
}

function readHome(value: unknown): HandedHome {
  const [ownedForMs, unheard, rates, connections] = readArray(value, "home");
  return {
    ownedForMs: readAmount(ownedForMs, "home's time"),
    unheard: isAbsent(unheard)
      ? undefined
      : readArray(unheard, "roll").map((name) => readText(name, "roll's name")),
    rates: readArray(rates, "home's rates").map((each) => readRate(readArray(each, "rate"))),
    connections: readArray(connections, "home's connections").map((each) => {
      const [key, max, holders] = readArray(each, "connections");
      return {
        key: readText(key, "limit's key"),
        max: readCount(max, "limit"),
        holders: readHolders(holders),
      };
    }),
  };
}

function readRate([key, perMs, burst, tokens, holders]: readonly unknown[]): HandedRate {
  return {
    key: readText(key, "limit's key"),
    perMs: readAmount(perMs, "rate"),
    burst: readAmount(burst, "burst"),
    tokens: readAmount(tokens, "tokens"),
    holders: readHolders(holders),
  };
}

function holderValue(holder: HandedHolder): readonly unknown[] {
  const { name, number, perMs, claim, want, quantum, lapsesInMs, waitedMs } = holder;
  // A lapsed share is told as one that lapses now: of connections it counts all the same.
  const lapses = Math.max(0, lapsesInMs);
  return [name, number, perMs, claim, want, quantum, lapses, waitedMs ?? null];
}

function readHolders(value: unknown): readonly HandedHolder[] {
  return readArray(value, "holders").map((each) => {
    const [name, number, perMs, claim, want, quantum, lapses, waited] = readArray(each, "holder");
    return {
      name: readText(name, "holder's name"),
      number: readCount(number, "holder's question"),
      perMs: readAmount(perMs, "holder's rate"),
      claim: readAmount(claim, "holder's claim"),
      want: readAmount(want, "what a holder wants"),
      quantum: readAmount(quantum, "holder's quantum"),
      lapsesInMs: readAmount(lapses, "lapse"),
      waitedMs: isAbsent(waited) ? undefined : readAmount(waited, "holder's wait"),
    };
  });
}

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

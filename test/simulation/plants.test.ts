/** A simulation is worth what it sees: each of these bugs is found by one of the first worlds. */
import { expect, test } from "bun:test";
import { harshWorld } from "./plants/harsh-world.ts";
import {
  floorAheadOfJournal,
  noSeal,
  notificationIdByChance,
  predecessorForgotten,
  purgeOfAllShards,
  replayOneShort,
  scheduleUnknown,
  splitDoneEarly,
} from "./plants/log-plants.ts";
import type { Plant } from "./plants/plant.ts";
import {
  checkpointWithoutCondition,
  deferredForgotten,
  holdsForgotten,
  livingTakenForDead,
  settledBeforeStored,
  suspectsNotLookedUp,
} from "./plants/state-plants.ts";
import { runPlan, runSeed, type Verdict } from "./run.ts";

interface Caught {
  readonly plant: Plant;
  /** Worlds that are tried. */
  readonly seedsMax: number;
  /** What the verdict says. */
  readonly as: RegExp;
  /** Where workers are stopped. */
  readonly at?: string;
}

const copies =
  /a second copy only in doubt|each recipient has one end|what is done is not done again/;
const told = /nobody is told twice/;
const repeated = new RegExp(`${copies.source}|${told.source}|before its time`);

async function firstCaught(
  { plant, seedsMax }: Caught,
  run: (seed: number, plant: Plant) => Promise<{ readonly verdict: Verdict }>,
): Promise<string> {
  for (let seed = 1; seed <= seedsMax; seed++) {
    const { verdict } = await run(seed, plant);
    if (verdict.kind !== "passed") return `${verdict.kind}: ${verdict.text}`;
  }
  return `not seen in ${seedsMax} worlds`;
}

/** In worlds as they are drawn. */
const common: Readonly<Record<string, Caught>> = {
  "a floor that rises before the journal answered": {
    plant: floorAheadOfJournal,
    seedsMax: 20,
    as: /the floor is below all that is unsettled/,
  },
  "a purge past another shard's unread unit": {
    plant: purgeOfAllShards,
    seedsMax: 20,
    as: /unsettled is purged|behind the checkpoint/,
  },
  "a unit settled before the store has it": {
    plant: settledBeforeStored,
    seedsMax: 20,
    as: /the new place comes first/,
  },
  "what is deferred forgotten": {
    plant: deferredForgotten,
    seedsMax: 20,
    as: /what was accepted has an end/,
  },
  "a notification whose id is chance": { plant: notificationIdByChance, seedsMax: 20, as: told },
  "a schedule that nobody knows of": {
    plant: scheduleUnknown,
    seedsMax: 20,
    as: /nothing is tried before its sender's time/,
  },
  "a message acknowledged before it is split": {
    plant: splitDoneEarly,
    seedsMax: 100,
    as: /has no end/,
  },
  "living workers taken for dead": { plant: livingTakenForDead, seedsMax: 50, as: /./ },
  "holds forgotten at a takeover": {
    plant: holdsForgotten,
    seedsMax: 300,
    as: /what is held is not tried/,
  },
};

test.each(Object.entries(common))("%s is seen", async (_, caught) => {
  expect(await firstCaught(caught, runSeed)).toMatch(caught.as);
});

/** In worlds that stop workers where it matters. */
const harsh: Readonly<Record<string, Caught>> = {
  "a replay that stops one record early": {
    plant: replayOneShort,
    at: "append",
    seedsMax: 50,
    as: repeated,
  },
  "a predecessor's journal forgotten": {
    plant: predecessorForgotten,
    seedsMax: 50,
    as: repeated,
  },
  "a takeover without a seal": {
    plant: noSeal,
    at: "append",
    seedsMax: 60,
    as: /no effect under an old epoch|second copy/,
  },
  "a suspect that is not looked up": {
    plant: suspectsNotLookedUp,
    at: "append",
    seedsMax: 100,
    as: repeated,
  },
  "a checkpoint without its condition": {
    plant: checkpointWithoutCondition,
    at: "checkpoint",
    seedsMax: 100,
    as: /the floor never falls|old epoch|second copy/,
  },
};

test.each(Object.entries(harsh))("%s is seen in a harsh world", async (_, caught) => {
  const run = (seed: number, plant: Plant) => runPlan(harshWorld(seed, caught.at), () => {}, plant);
  expect(await firstCaught(caught, run)).toMatch(caught.as);
});

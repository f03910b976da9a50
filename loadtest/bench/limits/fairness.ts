/** A tenant with a few messages beside one with very many, for the same destination under one limit. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import { Sink } from "../../sink/sink.ts";
import { Source } from "../../source/source.ts";
import { domains } from "../contestants/contestant.ts";
import { contestant } from "../contestants/godwit.ts";
import { sourceOptions } from "../workload.ts";

export interface FairnessOptions {
  /** Of the large tenant. */
  readonly queued: number;
  readonly messagesPerSecond: number;
}

export interface Fairness extends FairnessOptions {
  /** Of the small tenant. */
  readonly few: number;
  /** Accepted of the large one before the small one came, and gone by then. */
  readonly waiting: number;
  /** From the small tenant's first MAIL to the arrival of its last message. */
  readonly throughMs: number;
  /** What the limit alone takes for so many. */
  readonly limitMs: number;
  /** Of the large tenant's meanwhile, a second. */
  readonly othersPerSecond: number;
}

const few = 10;
const sessions = 20;
const sizeBytes = 2_048;
/** What waits longer than some seconds is moved to the store. */
const settleMs = 10_000;

export async function fairness(options: FairnessOptions): Promise<Fairness> {
  const { queued, messagesPerSecond } = options;
  const folder = await mkdtemp(join(tmpdir(), "godwit-fairness-"));
  const shaping = join(folder, "shaping.yaml");
  await Bun.write(shaping, `domains: { ${domains.up}: { messages: ${messagesPerSecond}/s } }\n`);
  await using sink = await Sink.start();
  const server = contestant("godwit", `shaping: [${shaping}]\n`);
  const running = await server.start({ up: sink.endpoint, down: sink.endpoint });
  try {
    const common = { to: running.endpoint, sessions, sizeBytes };
    const large = sourceOptions({ ...common, run: "large", tenant: "large", messages: queued });
    await new Source(large).run();
    await systemClock.sleep(settleMs);
    const gone = sink.ledger.distinct;
    const startedAt = systemClock.monotonic();
    const small = sourceOptions({ ...common, run: "small", tenant: "small", messages: few });
    await new Source(small).run();
    await sink.until((_, ledger) => ledger.distinctOf("small") === few);
    const throughMs = systemClock.monotonic() - startedAt;
    return {
      ...options,
      few,
      waiting: queued - gone,
      throughMs,
      limitMs: (few * 1_000) / messagesPerSecond,
      othersPerSecond: ((sink.ledger.distinct - few - gone) * 1_000) / throughMs,
    };
  } finally {
    await running.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

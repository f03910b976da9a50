/** Answers of NATS that are lost, and calls that meet: what is there is there once (DESIGN §8). */
import { afterEach, describe, expect, test } from "bun:test";
import type { UnitEvent } from "#lib/queue/event";
import { IntakeUnavailable } from "#lib/stream/intake";
import { JournalSealed } from "#lib/stream/journal";
import { type TemporaryCluster, temporaryCluster } from "../conformance/cluster.ts";
import { collect, eventOf, newMessage, newUnit, pullAll, uidsOf } from "../conformance/fixtures.ts";
import { failureOf } from "../support/failure.ts";
import { type LossyLinks, lossyLinks } from "../support/nats/lossy-link.ts";
import { incarnation, shard } from "../support/records.ts";
import { titled } from "../support/servers/titled.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const noNats = natsMissing();
const zero = shard(0);
const writer = incarnation("w1.example.net/1");

describe.skipIf(noNats !== undefined)(titled("answers that are lost", noNats), () => {
  let cluster: TemporaryCluster | undefined;

  afterEach(async () => {
    await cluster?.close();
    cluster = undefined;
  });

  async function lossyLog(patienceMs = 10_000) {
    cluster = await temporaryCluster({ answerMaxMs: 50, patienceMs });
    let lossy: LossyLinks | undefined;
    const log = await cluster.open((links) => {
      lossy = lossyLinks(links);
      return lossy.links;
    });
    if (lossy === undefined) throw new Error("the links were not asked for");
    return { cluster, log, lossy };
  }

  test("a message whose answer was lost is published again, and is there once", async () => {
    const { log, lossy } = await lossyLog();
    const message = newMessage();
    lossy.loseAnswers(1);
    await log.intake.accept(message);
    const last = newMessage();
    await log.intake.accept(last);
    expect(lossy.lost).toBe(1);
    const entries = await pullAll(log.stream.open(zero, 0), 2);
    expect(uidsOf(entries)).toEqual([`${message.id}.0`, `${last.id}.0`]);
    expect(log.figures().publishRetries).toBe(1);
  });

  test("large content whose answers were lost is there once, too", async () => {
    const { log, lossy } = await lossyLog();
    const content = new Uint8Array(2_000_000).fill(65);
    const message = newMessage({ content });
    lossy.loseAnswers(3);
    await log.intake.accept(message);
    expect(await log.stream.content(message.id)).toEqual(content);
  });

  test("a message that nobody answers for is not accepted, even if it is there", async () => {
    const { log, lossy } = await lossyLog(100);
    lossy.loseAnswers(100);
    const refused = await failureOf(log.intake.accept(newMessage()));
    expect(refused).toBeInstanceOf(IntakeUnavailable);
    expect(await log.stream.end(zero)).toBe(1);
  });

  test("an append whose answer was lost is recorded once, and its position is known", async () => {
    const { log, lossy } = await lossyLog();
    const events = [eventOf(newUnit()), eventOf(newUnit()), eventOf(newUnit())];
    const first = await log.journal.append(writer, events.slice(0, 1));
    lossy.loseAnswers(1);
    const second = await log.journal.append(writer, events.slice(1, 2));
    const third = await log.journal.append(writer, events.slice(2));
    expect([second - first, third - second]).toEqual([1, 1]);
    expect(await collect(log.journal.replay(writer, zero, 0))).toEqual(events);
  });

  test("an append that was given up is found when it is tried again", async () => {
    const { cluster, log, lossy } = await lossyLog();
    const events = [eventOf(newUnit())];
    lossy.loseAnswers(1);
    const given = log.journal.append(writer, events);
    // Another life of the process knows nothing of the first try.
    const again = await (await cluster.open()).journal.append(writer, events);
    expect(await given).toBe(again);
    expect(await collect(log.journal.replay(writer, zero, 0))).toEqual(events);
  });

  test("a seal whose answer was lost is one seal", async () => {
    const { log, lossy } = await lossyLog();
    const position = await log.journal.append(writer, [eventOf(newUnit())]);
    lossy.loseAnswers(1);
    expect(await log.journal.seal(writer)).toBe(position + 1);
    expect(await log.journal.seal(writer)).toBe(position + 1);
  });

  test("a writer whose answer was lost while it was sealed learns that it is sealed", async () => {
    const { cluster, log, lossy } = await lossyLog();
    await log.journal.append(writer, [eventOf(newUnit())]);
    lossy.loseAnswers(1);
    const late = failureOf(log.journal.append(writer, [eventOf(newUnit())]));
    const other = await cluster.open();
    await other.journal.seal(writer);
    expect(await late).toBeInstanceOf(JournalSealed);
  });

  test("a seal that meets appends: what was acknowledged is replayed, and nothing comes after", async () => {
    cluster = await temporaryCluster();
    const [own, other] = [await cluster.open(), await cluster.open()];
    for (let round = 1; round <= 20; round++) {
      const life = incarnation(`w1/${round}`);
      const acknowledged: UnitEvent[] = [];
      const sealing = Promise.withResolvers<void>();
      const appending = (async () => {
        for (;;) {
          const event = eventOf(newUnit());
          await own.journal.append(life, [event]);
          acknowledged.push(event);
          if (acknowledged.length === round) sealing.resolve();
        }
      })();
      const ended = failureOf(appending);
      await sealing.promise;
      await other.journal.seal(life);
      const replayed = await collect(other.journal.replay(life, zero, 0));
      expect(await ended).toBeInstanceOf(JournalSealed);
      expect(replayed).toEqual(acknowledged);
    }
  });
});

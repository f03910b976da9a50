import { describe, expect, test } from "bun:test";
import type { JetStreamManager, StreamState } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { queueIdOf } from "#lib/queue/unit";
import { bodyHeader } from "#proto/frame";
import { clusterNames } from "#proto/subjects";
import { failureOf } from "../../../test/support/failure.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { logState } from "../../../test/support/nats/log-state.ts";
import { nthUid } from "../../../test/support/queued.ts";
import { BodyStore } from "./body-store.ts";

const names = clusterNames();
const id = queueIdOf(nthUid(1));
const [first, second] = [names.chunkSubject(id, 0), names.chunkSubject(id, 1)];
const both = { [first]: 1, [second]: 1 };

/** A body of two chunks of one byte, of which servers find only some. */
class Bench {
  readonly clock = new ManualClock();
  readonly found = new Set<string>();
  state: Partial<StreamState> = {};
  leader = "n1";
  asked = 0;

  bodies(): BodyStore {
    const getMessage = async (_: string, query: { last_by_subj: string }) => {
      this.asked += 1;
      if (!this.found.has(query.last_by_subj)) return null;
      const header = headers();
      header.set(bodyHeader, "2/1");
      return { header, data: new Uint8Array([7]) };
    };
    const info = async () => logState(this.state, { leader: this.leader });
    const manager = {
      direct: { getMessage },
      streams: { getMessage, info },
    } as unknown as JetStreamManager;
    const publish = () => Promise.reject(new Error("nothing is published"));
    return new BodyStore({ names, publisher: { publish }, manager, clock: this.clock });
  }

  async advance(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      await this.settle();
      this.clock.advance(1_000);
    }
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 30; turn++) await Promise.resolve();
  }
}

describe("a body that is not found", () => {
  test("is asked for again for longer than an election, and then its leader's state counts", async () => {
    const bench = new Bench();
    let isTold = false;
    const told = bench.bodies().getForSure(id);
    void told.then(() => {
      isTold = true;
    });
    await bench.advance(14);
    expect([isTold, bench.asked]).toEqual([false, 30]);
    await bench.advance(1);
    expect(await told).toBeUndefined();
  });

  test("is there when another server finds it", async () => {
    const bench = new Bench();
    const told = bench.bodies().getForSure(id);
    await bench.advance(9);
    bench.found.add(first).add(second);
    await bench.advance(1);
    expect(await told).toEqual(new Uint8Array([7, 7]));
  });

  test("is gone with one of its chunks", async () => {
    const bench = new Bench();
    bench.found.add(first);
    bench.state = { subjects: { [first]: 1 } };
    const told = bench.bodies().getForSure(id);
    await bench.advance(15);
    expect(await told).toBeUndefined();
  });

  test.each([
    ["the stream lists it", [], both, "n1"],
    ["the stream lists the chunk that is not found", [first], both, "n1"],
    ["nobody speaks for the stream", [], {}, ""],
  ])("is not gone when %s", async (_, found, subjects, leader) => {
    const bench = new Bench();
    for (const subject of found) bench.found.add(subject);
    bench.state = { subjects };
    bench.leader = leader;
    const failure = failureOf(bench.bodies().getForSure(id));
    await bench.advance(15);
    expect(String(await failure)).toContain("neither there nor gone");
  });
});

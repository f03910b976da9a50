/** One message at a time, with pauses: what a lone sender waits for its 250. */
import { freePort } from "../../test/peers/peer.ts";
import type { Percentiles } from "../histogram.ts";
import { Sink } from "../sink/sink.ts";
import { Source } from "../source/source.ts";
import type { Contestant } from "./contestants/contestant.ts";
import { sourceOptions } from "./workload.ts";

const messages = 300;
const ratePerSecond = 30;

export async function lone(contestant: Contestant, sizeBytes: number): Promise<Percentiles> {
  await using sink = await Sink.start();
  const down = { address: "127.0.0.1", port: await freePort() };
  const running = await contestant.start({ up: sink.endpoint, down });
  try {
    const common = { to: running.endpoint, sessions: 1, sizeBytes, ratePerSecond };
    await new Source(sourceOptions({ ...common, run: "warm", messages: 50 })).run();
    const source = new Source(sourceOptions({ ...common, run: "measured", messages }));
    return (await source.run()).latency;
  } finally {
    await running.stop();
  }
}

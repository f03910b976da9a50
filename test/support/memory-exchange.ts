/** Queries to name servers in memory, on a clock that is told when to go on. */
import type { Clock } from "#lib/clock";
import type { Exchange, Exchanged, Waiting } from "#lib/dns/exchange";
import type { Endpoint } from "#lib/net/transport";
import type { From, NameServer } from "../peers/name-server.ts";

export interface MemoryExchangeOptions {
  readonly clock: Clock;
  /** By address; where there is none, the connection is refused. */
  readonly servers: ReadonlyMap<string, NameServer>;
  readonly latencyMs?: number;
  /** Changes what is on its way back. */
  readonly mangle?: (bytes: Uint8Array) => Uint8Array;
}

/** A query's way there and back takes the latency; what is not answered takes the whole timeout. */
export function memoryExchange(options: MemoryExchangeOptions): Exchange {
  const exchange =
    (from: From) =>
    async (server: Endpoint, query: Uint8Array, waiting: Waiting): Promise<Exchanged> => {
      const { clock, servers, latencyMs = 0, mangle = (bytes) => bytes } = options;
      const nameServer = servers.get(server.address);
      if (nameServer === undefined) return { ok: false, reason: "connection refused" };
      const answers = nameServer.answersTo(query, from).map(mangle);
      const bytes = answers.find((answer) => waiting.isAnswer(answer));
      if (bytes === undefined || latencyMs >= waiting.timeoutMs) {
        await clock.sleep(waiting.timeoutMs);
        return { ok: false, reason: "timeout" };
      }
      await clock.sleep(latencyMs);
      return { ok: true, bytes };
    };
  return {
    udp: exchange({ protocol: "udp", port: 50_000 }),
    tcp: exchange({ protocol: "tcp", port: 50_001 }),
  };
}

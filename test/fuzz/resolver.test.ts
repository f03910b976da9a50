/** Whatever a name server sends, the resolver gives an answer, and soon. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Answer } from "#lib/dns/resolver";
import { StubResolver } from "#lib/dns/stub-resolver";
import { seededRandom } from "#lib/random";
import { VirtualClock } from "#lib/virtual-clock";
import { NameServer } from "../peers/name-server.ts";
import { fuzzing } from "../support/fuzz.ts";
import { changes, mangled } from "../support/mangling.ts";
import { memoryExchange } from "../support/memory-exchange.ts";

const absences = ["none", "nxdomain", "failure"];

function isWellFormed(query: string, answer: Answer<unknown>): boolean {
  if (answer.kind !== "records") return absences.includes(answer.kind);
  if (answer.records.length === 0 || !(answer.ttlMs >= 0)) return false;
  return answer.records.every((record) => {
    const text = JSON.stringify(record);
    if (query === "a") return /^"\d+\.\d+\.\d+\.\d+"$/.test(text);
    if (query === "aaaa") return /^"[0-9a-f:]+"$/.test(text);
    if (query === "mx") return /^\{"preference":\d+,"exchange":"[!-~]*"\}$/.test(text);
    return typeof record === "string";
  });
}

/** The id stays, or nothing would be read. */
const idBytes = 2;

function nameServer(): NameServer {
  const server = new NameServer();
  server.zone
    .set("example.com", "mx", [{ preference: 10, exchange: "mx1.example.com" }])
    .set("example.com", "a", ["192.0.2.1", "192.0.2.2"])
    .set("example.com", "aaaa", ["2001:db8::1"])
    .set("example.com", "txt", [["v=spf1 ", "-all"], ["second"]])
    .set("alias.example.com", "cname", ["example.com"]);
  return server;
}

test("mangled responses are answers, and never throw", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("mx", "a", "aaaa", "txt"),
      fc.constantFrom("example.com", "alias.example.com", "missing.example.com"),
      changes,
      async (query, name, drawn) => {
        const clock = new VirtualClock();
        const servers = new Map([["ns1", nameServer()]]);
        const mangle = (bytes: Uint8Array) => mangled(bytes, drawn, idBytes);
        const resolver = new StubResolver(
          { servers: [{ address: "ns1", port: 53 }] },
          {
            exchange: memoryExchange({ clock, servers, mangle }),
            clock,
            random: seededRandom(1),
          },
        );
        let answer: Answer<unknown> | undefined;
        void resolver[query](name).then((it) => {
          answer = it;
        });
        await clock.runUntil(() => answer !== undefined, { withinMs: 600_000 });
        expect(answer !== undefined && isWellFormed(query, answer)).toBe(true);
      },
    ),
    fuzzing(2_000),
  );
});

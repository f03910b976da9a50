import { expect, test } from "bun:test";
import { systemClock as clock } from "#lib/clock";
import { StubResolver } from "#lib/dns/stub-resolver";
import { MemoryNetwork } from "#lib/net/memory-transport";
import { systemRandom as random } from "#lib/random";
import { systemResolver } from "./system-resolver.ts";

test.each([[[]], [[{ address: "192.0.2.53", port: 53 }]]])(
  "with %j as its servers it is there",
  (servers) => {
    const transport = new MemoryNetwork(clock).transport("192.0.2.1");
    expect(systemResolver(servers, { transport, clock, random })).toBeInstanceOf(StubResolver);
  },
);

/** DESIGN §8: a name server that is silent, and one that fails. */
import { systemClock } from "#lib/clock";
import type { LoadWords } from "../../support/cluster/cluster-load.ts";
import type { Scenario } from "../../support/cluster/scenario.ts";
import { namedDomain, plainDomain } from "../../support/cluster/world.ts";

const loads: readonly LoadWords[] = [
  ["--rate", "60", "--domain", plainDomain, "--domains", "12"],
  ["--rate", "15", "--sessions", "2", "--domain", namedDomain, "--domains", "6"],
];
const silentMs = 20_000;
const failingMs = 10_000;

export const dnsScenarios: readonly Scenario[] = [
  {
    name: "DNS: silent, then SERVFAIL",
    isShort: false,
    cassandra: 1,
    loads,
    async act({ dns: { nameServer } }, load) {
      nameServer.misbehave("drop");
      await systemClock.sleep(silentMs);
      nameServer.misbehave("servfail");
      await systemClock.sleep(failingMs);
      nameServer.behave();
      await load.more(200);
      // No bounce is allowed to any scenario; and those who need no name never notice.
      return { copiesMax: 0, transitMaxMs: 5_000 };
    },
  },
];

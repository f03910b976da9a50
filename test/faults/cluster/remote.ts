/** DESIGN §8: mail exchangers that misbehave, beside others that do not. */

import type { LoadWords } from "../../support/cluster/cluster-load.ts";
import type { Scenario } from "../../support/cluster/scenario.ts";
import { plainDomain } from "../../support/cluster/world.ts";

const plain: LoadWords = ["--rate", "60", "--domain", plainDomain, "--domains", "12"];

export const remoteScenarios: readonly Scenario[] = [
  {
    name: "remote: slow, 421, half a reply",
    isShort: false,
    cassandra: 1,
    loads: [
      plain,
      ...["slow-2s", "421-at-mail-once", "half-a-reply-at-rcpt-once", "greylist"].map((word, n) => [
        ...["--rate", "5", "--domain", `odd${n}.example`, "--local-part", word],
      ]),
    ],
    async act(_, load) {
      await load.more(3_000);
      return { copiesMax: 0, transitMaxMs: 5_000 };
    },
  },
];

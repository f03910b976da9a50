/** Who can take part, by name. */
import type { BenchOptions, ContestantName } from "../arguments.ts";
import { ceiling } from "./ceiling.ts";
import { cluster } from "./cluster.ts";
import { type Contestant, offersTls } from "./contestant.ts";
import { exim } from "./exim.ts";
import { external } from "./external.ts";
import { contestant, edgeThread, godwit, oneThread } from "./godwit.ts";
import { haraka } from "./haraka.ts";
import { openSmtpd } from "./opensmtpd.ts";
import { postfix } from "./postfix.ts";

/** What a sink refuses in minutes is tried again in them, not after. */
const soonAgain = "retry: { first: 5s, cap: 20s }";

/** Under TLS only who offers it. @throws when one is named that was not given, or that has no place in a soak */
export function chosen(options: BenchOptions): readonly Contestant[] {
  const isSoak = options.soakMinutes !== undefined;
  const isUnderTls = options.tls === "starttls";
  return options.only
    .filter((name) => !isUnderTls || offersTls(name))
    .map((name) => (isSoak ? soaked(name, options) : usual(name, options)));
}

function soaked(name: ContestantName, { shards }: BenchOptions): Contestant {
  if (name === "godwit") return contestant(name, `delivery: { ${soonAgain} }\n`);
  if (name === "cluster") return cluster({ shards, workers: 1 }, [soonAgain]);
  throw new Error(`Cannot soak ${name}: only godwit and cluster try again soon enough`);
}

function usual(name: ContestantName, options: BenchOptions): Contestant {
  switch (name) {
    case "ceiling":
      return ceiling;
    case "godwit":
      return godwit;
    case "edge-thread":
      return edgeThread;
    case "one-thread":
      return oneThread;
    case "postfix":
      return postfix;
    case "exim":
      return exim;
    case "opensmtpd":
      return openSmtpd;
    case "haraka":
      return haraka;
    case "cluster":
      return cluster({ shards: options.shards, workers: 1 });
    case "external":
      if (options.external === undefined) throw new Error("Cannot start it: use --external");
      return external(options.external);
  }
}

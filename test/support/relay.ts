/** The delivery side's attempts over real sockets, to next hops that routes name. */
import { systemClock } from "#lib/clock";
import { Deadlines } from "#lib/deadlines";
import { MemoryResolver } from "#lib/dns/memory-resolver";
import { bunTransport } from "#lib/net/bun-transport";
import type { Endpoint } from "#lib/net/transport";
import type { Outcome } from "#lib/queue/outcome";
import { makeQueueId } from "#lib/queue/queue-id";
import { destinationOf } from "#lib/queue/shard";
import { type Envelope, type Recipient, type Unit, uidOf } from "#lib/queue/unit";
import { systemRandom } from "#lib/random";
import { type Mailbox, nullReversePath, parseMailbox } from "#lib/smtp/path";
import { silentLog } from "#lib/telemetry/log";
import { type AttemptReport, Attempts } from "../../services/delivery/attempt/attempt.ts";
import { NextHops } from "../../services/delivery/attempt/next-hops.ts";
import { SessionPool } from "../../services/delivery/attempt/session-pool.ts";
import {
  type DeliveryConfig,
  defaultLimits,
  defaultTimings,
} from "../../services/delivery/config.ts";
import { freePass, noSources, nothingSkipped, unlimited } from "./delivery/free-pass.ts";
import { constantly, plainShaping } from "./delivery/plain-shaping.ts";
import { incarnation } from "./records.ts";

export interface Sending {
  readonly to: readonly (string | ({ readonly path: string } & Omit<Recipient, "path">))[];
  readonly content: string | Uint8Array;
  /** Empty: the null reverse-path. */
  readonly from?: string;
  readonly envelope?: Partial<Omit<Envelope, "reversePath">>;
}

export class Relay {
  readonly #attempts: Attempts;
  readonly #pool: SessionPool;

  constructor(to: Endpoint, overrides: Partial<DeliveryConfig> & { protocol?: "smtp" | "lmtp" }) {
    const { protocol = "smtp", ...rest } = overrides;
    const config: DeliveryConfig = { ...baseConfig, routes: [routeTo(to, protocol)], ...rest };
    const clock = systemClock;
    const resolver = new MemoryResolver();
    this.#pool = new SessionPool(clock);
    this.#attempts = new Attempts({
      transport: bunTransport(clock),
      clock,
      deadlines: new Deadlines(clock),
      timings: defaultTimings,
      config,
      nextHops: new NextHops({ config, resolver, random: systemRandom }),
      pool: this.#pool,
      limits: unlimited,
      measures: nothingSkipped,
      sources: noSources(clock),
      log: silentLog,
      me: incarnation("relay/1"),
    });
  }

  send({ to, content, from = "sender@client.example", envelope }: Sending): Promise<AttemptReport> {
    const mailboxes = to.map((it) => mailboxOf(typeof it === "string" ? it : it.path));
    const [first] = mailboxes;
    if (first === undefined) throw new Error("a unit has recipients");
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const now = systemClock.now();
    const unit: Unit = {
      uid: uidOf(makeQueueId(now, systemRandom), 0),
      destination: destinationOf(first),
      envelope: {
        reversePath: from === "" ? nullReversePath : mailboxOf(from).text,
        body: "8bitmime",
        smtpUtf8: false,
        ...envelope,
      },
      recipients: to.map((it, index) => ({
        ...(typeof it === "string" ? {} : it),
        path: (mailboxes[index] ?? first).text,
      })),
      lane: "n",
      acceptedAt: now,
      expiresAt: now + 60_000,
      sizeBytes: bytes.length,
      isNotification: false,
    };
    return this.#attempts.attempt(unit, bytes, freePass(unit.destination));
  }

  /** Ends the sessions that wait for more mail. */
  close(): void {
    this.#pool.close();
  }
}

/** `delivered`, or class, scope and status: `permanent recipient 5.1.1`. */
export function told(outcome: Outcome): string {
  if (outcome.kind === "delivered") return outcome.kind;
  return `${outcome.kind} ${outcome.scope} ${outcome.status}`;
}

const baseConfig: DeliveryConfig = {
  hostname: "relay.example",
  shards: 1,
  routes: [],
  shaping: constantly(plainShaping()),
  sources: [],
  pools: [],
  tls: "opportunistic",
  useIpv6: false,
  mxPort: 25,
  ownAddresses: [],
  retry: {
    firstMs: 300_000,
    factor: 2,
    capMs: 14_400_000,
    delayNotificationMs: 0,
    notificationLifetimeMs: 60_000,
  },
  suppression: { classes: [], forMs: 0, scope: "tenant", notifies: true },
  limits: defaultLimits,
  timings: defaultTimings,
};

function routeTo({ address, port }: Endpoint, protocol: "smtp" | "lmtp") {
  return { domain: "*", nextHop: { protocol, host: address, port } };
}

function mailboxOf(text: string): Mailbox {
  const mailbox = parseMailbox(text);
  if (mailbox === undefined) throw new Error(`no mailbox: ${text}`);
  return mailbox;
}

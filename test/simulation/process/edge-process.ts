/** An edge as a process: the real one on the simulated network, killed and started again. */
import type { Clock } from "#lib/clock";
import { noEvents } from "#lib/events/event-sink";
import type { MemoryNetwork } from "#lib/net/memory-transport";
import type { Unit } from "#lib/queue/unit";
import { type Random, seededRandom } from "#lib/random";
import { type Intake, IntakeFull } from "#lib/stream/intake";
import { Edge } from "../../../services/edge/edge.ts";
import { noMetrics } from "../../../services/edge/metrics.ts";
import { edgeConfig, submissionListener } from "../../support/edge/edge-config.ts";
import type { Trail } from "../witness/trail.ts";
import { DrawnFaults, type FaultRates } from "./drawn-faults.ts";
import { GatedTransport } from "./gated-transport.ts";
import { observedIntake, type SharedSeams } from "./observed-seams.ts";
import { ProcessLife } from "./process-life.ts";

export const edgePort = 2587;

/** DESIGN §4: an unanswered publish is repeated under the same id for so long. */
const publishMs = 30_000;
const publishPauseMs = 1_000;

export interface EdgeProcessOptions {
  readonly name: string;
  readonly address: string;
  readonly seams: SharedSeams;
  readonly network: MemoryNetwork;
  readonly clock: Clock;
  readonly random: Random;
  readonly rates: FaultRates;
  readonly lateMsMax: number;
  readonly lifetimeMs: number;
  /** By ENVID: how long a message is to be held. */
  readonly holdForMs: (envid: string) => number | undefined;
  readonly trail: Trail;
  readonly crashed: (what: string) => void;
}

export class EdgeProcess {
  readonly name: string;
  readonly address: string;
  readonly #options: EdgeProcessOptions;
  #life: { readonly process: ProcessLife; readonly faults: DrawnFaults } | undefined;
  #isHealed = false;

  constructor(options: EdgeProcessOptions) {
    this.#options = options;
    this.name = options.name;
    this.address = options.address;
  }

  get faults(): DrawnFaults | undefined {
    return this.#life?.faults;
  }

  start(): void {
    if (this.#life !== undefined) return;
    const { clock, random, rates, lateMsMax, crashed, trail } = this.#options;
    const process = new ProcessLife(clock);
    const faults = new DrawnFaults({ clock, random, life: process, rates, lateMsMax });
    if (this.#isHealed) faults.heal();
    this.#life = { process, faults };
    trail.note(`started ${this.name}`);
    this.#edge(process, faults)
      .start()
      .catch((error: unknown) => crashed(`${this.name}: ${String(error)}`));
  }

  kill(): void {
    if (this.#life === undefined) return;
    this.#options.trail.note(`killed ${this.name}`);
    this.#life.process.kill();
    this.#options.network.crashHost(this.address);
    this.#life = undefined;
  }

  heal(): void {
    this.#isHealed = true;
    this.faults?.heal();
    this.start();
  }

  #edge(process: ProcessLife, faults: DrawnFaults): Edge {
    const { network, seams, random, lifetimeMs, holdForMs, trail } = this.#options;
    const say = (event: string, fields?: object) => {
      trail.note(`${this.name} ${event} ${JSON.stringify(fields)}`);
    };
    const listener = submissionListener({
      address: this.address,
      port: edgePort,
      trustedNetworks: ["10.0.0.0/8"],
    });
    const config = edgeConfig({
      listeners: [listener],
      lifetimeMs,
      notificationLifetimeMs: lifetimeMs,
    });
    return new Edge(config, {
      transport: new GatedTransport({ transport: network.transport(this.address), life: process }),
      intake: scheduling(
        persistentIntake(observedIntake(seams, faults, this.name), process.clock),
        holdForMs,
      ),
      clock: process.clock,
      random: seededRandom(random.below(2 ** 31)),
      log: { debug: () => {}, info: say, warn: say, error: say },
      metrics: noMetrics,
      events: noEvents,
    });
  }
}

/** As if its client had said HOLDFOR, which our own client does not. */
function scheduling(intake: Intake, holdForMs: EdgeProcessOptions["holdForMs"]): Intake {
  const later = (unit: Unit): Unit => {
    const heldMs = holdForMs(unit.envelope.envid ?? "");
    if (heldMs === undefined) return unit;
    return { ...unit, notBefore: unit.acceptedAt + heldMs, expiresAt: unit.expiresAt + heldMs };
  };
  return {
    accept: (message) => intake.accept({ ...message, units: message.units.map(later) }),
  };
}

/** As the cluster's inhabitant does it: the same id again, until it is answered or the time is over. */
export function persistentIntake(intake: Intake, clock: Clock): Intake {
  return {
    async accept(message) {
      const until = clock.monotonic() + publishMs;
      for (;;) {
        try {
          return await intake.accept(message);
        } catch (error) {
          if (error instanceof IntakeFull || clock.monotonic() >= until) throw error;
          await clock.sleep(publishPauseMs);
        }
      }
    },
  };
}

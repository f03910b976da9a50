/** Consumers of JetStream of which a test is the server: it answers each pull by hand. */
import type { ConsumerConfig, JetStreamManager, StreamState } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { Deadlines } from "#lib/deadlines";
import type { LanePorts } from "#lib/nats/reading/ordered-lane";
import { type Log, silentLog } from "#lib/telemetry/log";
import { ManualClock } from "../manual-clock.ts";
import { logState } from "./log-state.ts";
import { ScriptedWire, type SentMessage } from "./scripted-wire.ts";

/** Turns of the event loop that everything which waits for nothing needs. */
const turnsMax = 30;

export interface GivenMessage {
  readonly sequence: number;
  readonly delivery: number;
  readonly subject?: string;
  readonly data?: Uint8Array;
}

export class ScriptedConsumers {
  readonly wire = new ScriptedWire();
  readonly clock = new ManualClock();
  readonly made: Partial<ConsumerConfig>[] = [];
  readonly removed: string[] = [];
  /** Messages that are looked up directly: their subjects by sequence. */
  readonly standing = new Map<number, string>();
  /** What the stream says of itself. */
  state: Partial<StreamState> = { first_seq: 1, last_seq: 0 };
  /** Undefined: a server alone; empty: a stream that has none. */
  leader: string | undefined;
  /** While set no consumer can be made. */
  refusal: Error | undefined;
  readonly warned: string[] = [];

  ports(): LanePorts {
    const manager = {
      consumers: {
        add: async (_: string, config: Partial<ConsumerConfig>) => {
          if (this.refusal !== undefined) throw this.refusal;
          this.made.push(config);
        },
        delete: async (_: string, name: string) => void this.removed.push(name),
      },
      streams: {
        getMessage: async (_: string, { seq }: { seq: number }) => {
          const subject = this.standing.get(seq);
          return subject === undefined ? null : { subject, seq };
        },
        info: async () => {
          return logState(this.state, this.leader === undefined ? {} : { leader: this.leader });
        },
      },
    } as unknown as JetStreamManager;
    const warn = (event: string) => void this.warned.push(event);
    const log: Log = { ...silentLog, warn, error: warn };
    const { wire, clock } = this;
    return { link: wire, manager, clock, deadlines: new Deadlines(clock), log };
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < turnsMax; turn++) await Promise.resolve();
  }

  async advance(spanMs: number): Promise<void> {
    for (let left = spanMs; left > 0; left -= 500) {
      this.clock.advance(Math.min(500, left));
      await this.settle();
    }
  }

  /** The pulls of the consumer that was made as the nth. */
  pulls(n: number): readonly SentMessage[] {
    const name = this.made[n]?.name ?? "none";
    return this.wire.sent.filter(({ subject }) => subject.endsWith(`.${name}`));
  }

  /** As an answer to a pull. */
  give(pull: SentMessage | undefined, what: GivenMessage): void {
    const {
      sequence,
      delivery,
      subject = `s.${sequence}`,
      data = new Uint8Array([sequence]),
    } = what;
    const reply = `$JS.ACK.S.c.1.${sequence}.${delivery}.1.0`;
    this.wire.deliver(pull?.reply ?? "", { subject, reply, data });
  }

  tell(pull: SentMessage | undefined, code: number): void {
    this.wire.deliver(pull?.reply ?? "", { headers: headers(code, "Why") });
  }
}

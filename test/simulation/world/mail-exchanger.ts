/** A mail exchanger on the simulated network: a real server session that behaves as its mood says. */
import type { Clock } from "#lib/clock";
import type { MemoryNetwork } from "#lib/net/memory-transport";
import type { Connection, Endpoint } from "#lib/net/transport";
import type { Random } from "#lib/random";
import type { Incarnation } from "#lib/stream/journal";
import type { Copy } from "../witness/ledger.ts";
import type { Witness } from "../witness/witness.ts";
import { healthy, type Mood, type MoodWindow } from "./mood.ts";
import { type Answer, MxConnection, type MxHost } from "./mx-connection.ts";

const port = 25;
/** A reset that comes this soon behind an answer may have overtaken it. */
const answerTravelsMs = 1_000;

export interface MailExchangerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: MemoryNetwork;
  readonly witness: Witness;
  /** Who is at the other end of a connection. */
  readonly writerAt: (remote: Endpoint) => Incarnation;
}

export class MailExchanger implements MxHost {
  readonly name: string;
  readonly address: string;
  readonly #ports: MailExchangerPorts;
  readonly #knownSince = new Map<string, number>();
  #mood: Mood = healthy;
  #answers: Answer[] = [];

  constructor(name: string, address: string, ports: MailExchangerPorts) {
    this.name = name;
    this.address = address;
    this.#ports = ports;
  }

  get mood(): Mood {
    return this.#mood;
  }

  async start(windows: readonly MoodWindow[]): Promise<void> {
    const { network, clock } = this.#ports;
    const transport = network.transport(this.address);
    await transport.listen({ address: this.address, port }, (connection) => {
      const session = new MxConnection(this, connection);
      session.begin();
      return session;
    });
    for (const { fromMs, untilMs, mood } of windows) {
      clock.after(fromMs, () => this.#turn(mood));
      clock.after(untilMs, () => this.#turn(healthy));
    }
  }

  /** Back to normal, whatever was to come. */
  heal(): void {
    this.#turn(healthy);
  }

  isGreylisted(path: string, forMs: number): boolean {
    const now = this.#ports.clock.monotonic();
    const since = this.#knownSince.get(path) ?? now;
    this.#knownSince.set(path, since);
    return now - since < forMs;
  }

  /** The final dot was answered. */
  answered(copies: readonly Copy[]): Answer {
    const { witness, clock } = this.#ports;
    const answer = { copies, atMs: clock.monotonic() };
    witness.copies.answered(copies);
    this.#answers = [...this.#answers.filter((it) => this.#mayTravel(it)), answer];
    if (this.#mood.kind === "silent") doubt(answer);
    return answer;
  }

  /** It may not have arrived yet. */
  #mayTravel({ atMs }: Answer): boolean {
    return this.#ports.clock.monotonic() - atMs < answerTravelsMs;
  }

  broke(answer: Answer): void {
    if (this.#mayTravel(answer)) doubt(answer);
  }

  happens(share: number): boolean {
    return this.#ports.random.next() < share;
  }

  after(delayMs: number, task: () => void): void {
    this.#ports.clock.after(delayMs, task);
  }

  keep(paths: readonly string[], content: Uint8Array, { remote }: Connection): readonly Copy[] {
    const { witness, writerAt } = this.#ports;
    const writer = writerAt(remote);
    return paths.flatMap((path) => witness.copies.copied({ writer, path, content }) ?? []);
  }

  #turn(mood: Mood): void {
    const { network, witness } = this.#ports;
    if (this.#mood.kind === "silent") witness.standing.networkIsBack();
    if (mood.kind === "silent") this.#answers.filter((it) => this.#mayTravel(it)).forEach(doubt);
    this.#mood = mood;
    network.accept(this.address);
    if (mood.kind === "refuses") network.refuse(this.address);
    if (mood.kind === "silent") network.blackhole(this.address);
  }
}

function doubt({ copies }: Answer): void {
  for (const copy of copies) copy.isDoubtful = true;
}

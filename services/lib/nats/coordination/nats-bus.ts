/** Bus over NATS: a subject for each shard, to which its owner listens, one for each worker, and one for all. */
import { type Msg, nuid } from "@nats-io/transport-node";
import type { Clock } from "#lib/clock";
import {
  AnswerFailed,
  type Answers,
  type Bus,
  type BusHandler,
  type BusRequest,
  type Json,
  NobodyAnswers,
  type ServingWorker,
  type Silence,
} from "#lib/leases/bus";
import type { Leases, Member } from "#lib/leases/leases";
import type { Shard } from "#lib/queue/unit";
import { type Incarnation, incarnationOf } from "#lib/stream/journal";
import type { Log } from "#lib/telemetry/log";
import { decodeRequest, encodeAnswer, type Told } from "#proto/bus-message";
import type { ClusterNames } from "#proto/subjects";
import type { NatsLinks } from "../connection.ts";
import { gather, type Question } from "./gathering.ts";
import { absentees } from "./presence.ts";

export interface NatsBusOptions {
  readonly links: NatsLinks;
  readonly names: ClusterNames;
  /** Those who should answer. */
  readonly leases: Pick<Leases, "members">;
  readonly clock: Clock;
  readonly log: Log;
}

const answerMaxMs = 5_000;
const defaultPayloadBytes = 1024 * 1024;
/** With so many parts as there may be an answer has 32 MiB at most. */
const partBytesCap = 512 * 1024;
/** What an answer's part has beside its bytes: who says it, and for which shards. */
const partOverheadBytes = 8 * 1024;

export class NatsBus implements Bus {
  readonly #options: NatsBusOptions;
  /** An owner answers for its shard: only that it is another than the one before matters. */
  readonly #owner = incarnationOf("owner", nuid.next());
  #members: readonly Member[] = [];

  constructor(options: NatsBusOptions) {
    this.#options = options;
  }

  ask(shard: Shard, request: BusRequest): Promise<Json> {
    const subject = this.#options.names.shardControlSubject(shard);
    return this.#askOne(subject, request, `shard ${shard}`);
  }

  askWorker(name: Incarnation, request: BusRequest): Promise<Json> {
    return this.#askOne(this.#options.names.presenceSubject(name), request, `worker ${name}`);
  }

  async #askOne(subject: string, request: BusRequest, whom: string): Promise<Json> {
    const isEnough: Question["isEnough"] = ({ size }) => size > 0;
    const told = await this.#gather(subject, request, { isEnough });
    const [answer] = told.values();
    if (answer === undefined) {
      throw new NobodyAnswers(`Cannot ask ${whom} "${request.verb}": nobody answers`);
    }
    if ("failure" in answer) throw new AnswerFailed(answer.failure);
    return answer.value;
  }

  async askAll(request: BusRequest): Promise<Answers> {
    const { names, links, clock } = this.#options;
    const members = await this.#expected();
    let absent: ReadonlyMap<Incarnation, string> = new Map();
    const changed = absentees({ link: links.publishLink, names, clock }, members).then((known) => {
      absent = known;
    });
    const isEnough = (told: ReadonlyMap<Incarnation, Told>) =>
      members.length > 0 && members.every(({ incarnation: m }) => told.has(m) || absent.has(m));
    const told = await this.#gather(names.workerControlSubject, request, { isEnough, changed });
    // Where nobody listens at all that was soon over, and why is not known yet.
    if (members.some(({ incarnation }) => !told.has(incarnation))) await changed;
    const late = `it did not answer within ${answerMaxMs / 1_000} s`;
    const silent: Silence[] = members
      .filter(({ incarnation }) => !told.has(incarnation))
      .map(({ incarnation, silentMs }) => {
        return { from: incarnation, reason: absent.get(incarnation) ?? late, silentMs };
      });
    for (const answer of told.values()) {
      if ("failure" in answer) silent.push({ from: answer.from, reason: answer.failure });
    }
    const answers = [...told.values()].flatMap((one) => ("failure" in one ? [] : [one]));
    return { answers, silent };
  }

  /** Those who should answer. While that is not to be known, those of last time: just then it is asked. */
  async #expected(): Promise<readonly Member[]> {
    const { leases, log } = this.#options;
    try {
      this.#members = await leases.members();
    } catch (error) {
      log.warn("members_unknown", { error: String(error) });
    }
    return this.#members;
  }

  serveShard(shard: Shard, handler: BusHandler): () => void {
    const worker = { name: this.#owner, shards: () => [shard], handler };
    return this.#serve(this.#options.names.shardControlSubject(shard), worker);
  }

  serveWorker(worker: ServingWorker): () => void {
    const { names, links } = this.#options;
    const stop = this.#serve(names.workerControlSubject, worker);
    const presence = links.consume.subscribe(names.presenceSubject(worker.name), {
      callback: (error, message) => {
        if (error !== null) return;
        // An empty one knocks only, to hear whether anybody is there.
        if (message.data.length === 0) message.respond();
        else void this.#answer(worker, message);
      },
    });
    return () => {
      stop();
      if (!links.consume.isClosed()) presence.unsubscribe();
    };
  }

  #gather(
    subject: string,
    request: BusRequest,
    until: Pick<Question, "isEnough" | "changed">,
  ): Promise<ReadonlyMap<Incarnation, Told>> {
    const { links, clock, log } = this.#options;
    const question = { subject, request, waitMs: answerMaxMs, ...until };
    return gather({ link: links.publishLink, clock, log }, question);
  }

  #serve(subject: string, worker: ServingWorker): () => void {
    const subscription = this.#options.links.consume.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) void this.#answer(worker, message);
      },
    });
    return () => {
      if (!this.#options.links.consume.isClosed()) subscription.unsubscribe();
    };
  }

  /** Never rejects. */
  async #answer(worker: ServingWorker, message: Msg): Promise<void> {
    const { log, links } = this.#options;
    const payloadMax = links.consume.info?.max_payload ?? defaultPayloadBytes;
    const partBytesMax = Math.min(payloadMax - partOverheadBytes, partBytesCap);
    const told = await toldBy(worker, message.data);
    const tooLarge = { from: worker.name, failure: "the answer is too large: ask for less" };
    const parts = encodeAnswer(told, partBytesMax) ?? encodeAnswer(tooLarge, partBytesMax) ?? [];
    try {
      for (const part of parts) message.respond(part);
    } catch (error) {
      log.warn("bus_answer_lost", { subject: message.subject, error: String(error) });
    }
  }
}

async function toldBy({ name, shards, handler }: ServingWorker, data: Uint8Array): Promise<Told> {
  try {
    const before = shards();
    const value = await handler(decodeRequest(data));
    const after = new Set(shards());
    return { from: name, shards: before.filter((shard) => after.has(shard)), value };
  } catch (error) {
    return { from: name, failure: error instanceof Error ? error.message : String(error) };
  }
}

/** Contents of messages that wait, in chunks. They go by their lifetime only (ADR 0010). */
import type { Clock } from "#lib/clock";
import type { QueueId, Time } from "#lib/queue/unit";
import { Turns } from "#lib/turns";
import type { CallTime, Requests } from "./driver/requests.ts";
import { goneAt, ttlOf } from "./lifetimes.ts";

const chunkBytes = 256 * 1024;
/** To write so much again costs a cluster less than to be asked whether it has it. */
const cheapBytes = 16 * 1024;
/** Ids of which the content is known to be there: units of one message are deferred close together. */
const knownMax = 20_000;
/** Octets asked for at once: hundreds of large messages for one host may have to wait in one second. */
const askedBytesMax = 64 * 1024 * 1024;

export interface NewContent {
  readonly id: QueueId;
  /** Of the unit that waits. */
  readonly expiresAt: Time;
  readonly sizeBytes: number;
  readonly content: () => Promise<Uint8Array>;
}

export class ContentTable {
  readonly #requests: Requests;
  readonly #clock: Clock;
  readonly #known = new Set<QueueId>();
  readonly #asking = new Turns(askedBytesMax);

  constructor(requests: Requests, clock: Clock) {
    this.#requests = requests;
    this.#clock = clock;
  }

  /** Asks for the content when it is not known to be there. */
  async ensure(time: CallTime, wanted: NewContent): Promise<void> {
    const { id } = wanted;
    if (this.#known.has(id)) return;
    const isThere = wanted.sizeBytes > cheapBytes && (await this.#isThere(time, id));
    if (!isThere) {
      await this.#asking.run(wanted.sizeBytes, async () => {
        const content = await wanted.content();
        await this.#put(time, { ...wanted, content });
      });
    }
    this.#remember(id);
  }

  async get(id: QueueId): Promise<Uint8Array | undefined> {
    const time = this.#requests.callTime();
    const first = await this.#chunk(time, id, 0);
    if (first === undefined) return undefined;
    const rest: Promise<{ data: Uint8Array } | undefined>[] = [];
    for (let n = 1; n < first.chunks; n++) rest.push(this.#chunk(time, id, n));
    const chunks = [first, ...(await Promise.all(rest))].flatMap((it) => it?.data ?? []);
    if (chunks.length < first.chunks) return undefined;
    return new Uint8Array(Buffer.concat(chunks));
  }

  async #isThere(time: CallTime, id: QueueId): Promise<boolean> {
    const [found] = await this.#requests.read(time, { query: headCql, params: [id] });
    return found !== undefined;
  }

  /** The first chunk last: it says that the others are there. */
  async #put(time: CallTime, wanted: Omit<NewContent, "content"> & { content: Uint8Array }) {
    const { id, expiresAt, content } = wanted;
    const now = this.#clock.now();
    const ttl = ttlOf(goneAt("content", expiresAt, now), now);
    const chunks = Math.max(1, Math.ceil(content.length / chunkBytes));
    const chunk = (n: number) => {
      const data = Buffer.from(content.subarray(n * chunkBytes, (n + 1) * chunkBytes));
      return { statements: [{ query: putCql, params: [id, n, chunks, data, ttl] }] };
    };
    const rest = Array.from({ length: chunks - 1 }, (_, i) => chunk(i + 1));
    await this.#requests.write(time, rest);
    await this.#requests.write(time, [chunk(0)]);
  }

  async #chunk(time: CallTime, id: QueueId, n: number) {
    const [row] = await this.#requests.read(time, { query: getCql, params: [id, n] });
    if (row === undefined) return undefined;
    const data: Uint8Array = row.data;
    const chunks: number = row.chunks;
    return { data, chunks };
  }

  #remember(id: QueueId): void {
    if (this.#known.size >= knownMax) this.#known.clear();
    this.#known.add(id);
  }
}

const headCql = "SELECT chunks FROM content WHERE id = ? AND chunk = 0";
const getCql = "SELECT chunks, data FROM content WHERE id = ? AND chunk = ?";
const putCql = "INSERT INTO content (id, chunk, chunks, data) VALUES (?, ?, ?, ?) USING TTL ?";

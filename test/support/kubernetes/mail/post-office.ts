/** The release as those outside see it: where mail goes in, where it arrives, and what is asked. */
import { z } from "zod";
import { systemClock } from "#lib/clock";
import type { Shard } from "#lib/queue/unit";
import { Ledger } from "../../../../loadtest/ledger.ts";
import { Sink } from "../../../../loadtest/sink/sink.ts";
import type { SunkMessage } from "../../../../loadtest/sink/tally.ts";
import type { LoadTarget } from "../../cluster/cluster-load.ts";
import { until } from "../lab/waiting.ts";
import { Journeys } from "./journeys.ts";
import type { Release } from "./release.ts";
import { deadAt, sinkAt } from "./values.ts";

/** Those that come through at the first try: of them journeys are told. */
export const plainDomain = "plain.example";

const submissionPort = 587;
const controlPort = 8_025;
const askMaxMs = 10_000;
const emptyMaxMs = 240_000;
const ownedMaxMs = 120_000;

const status = z.object({
  workers: z.array(z.object({ name: z.string() })),
  shards: z.array(
    z.object({
      shard: z.int(),
      state: z.string(),
      owner: z.string().optional(),
      lag: z.number().optional(),
    }),
  ),
  splits: z.object({ waiting: z.number(), inFlight: z.number() }),
});
type Status = z.output<typeof status>;

interface ControlPlace {
  readonly place: string;
  readonly token: string;
}

const listing = z.object({
  units: z.array(z.unknown()),
  /** Not all could be looked through in time. */
  next: z.string().optional(),
  unanswered: z.unknown().optional(),
});

export class PostOffice implements AsyncDisposable {
  readonly sink: Sink;
  readonly journeys: Journeys;
  readonly #release: Release;
  /** What has come to the destination that is dead at times. */
  readonly #late: Sink[] = [];
  #control: Promise<ControlPlace> | undefined;
  #runs = 0;

  static async open(release: Release): Promise<PostOffice> {
    const journeys = new Journeys();
    const arrived = ({ id, recipients }: SunkMessage) => {
      const path = recipients[0]?.forwardPath ?? "";
      const domain = path.slice(path.lastIndexOf("@") + 1);
      if (id === undefined || !domain.endsWith(plainDomain)) return;
      journeys.arrived(id, domain, systemClock.monotonic());
    };
    const sink = await Sink.start({ at: sinkAt, keep: "verdicts", arrived });
    return new PostOffice(release, sink, journeys);
  }

  private constructor(release: Release, sink: Sink, journeys: Journeys) {
    this.sink = sink;
    this.journeys = journeys;
    this.#release = release;
  }

  /** For a load that is told from all others. */
  newRun(): string {
    this.#runs += 1;
    return `k${this.#runs}`;
  }

  /** Somebody listens where nobody did. */
  async revive(): Promise<void> {
    this.#late.push(await Sink.start({ at: deadAt, keep: "verdicts" }));
  }

  async die(): Promise<void> {
    await this.#late.at(-1)?.stop();
  }

  /** All that has arrived anywhere. */
  arrived(): Ledger {
    const all = new Ledger();
    for (const { ledger } of [this.sink, ...this.#late]) {
      for (const [id, copies] of ledger.entries()) all.add(id, copies);
    }
    return all;
  }

  get notifications(): number {
    return this.sink.counts.notifications;
  }

  get damaged(): number {
    return [this.sink, ...this.#late].reduce((sum, { counts }) => sum + counts.damaged, 0);
  }

  /** The Service of the edges. */
  async edges(): Promise<readonly LoadTarget[]> {
    const address = await this.#release.serviceAddress("edge");
    return [{ name: "svc", at: { address, port: submissionPort } }];
  }

  /** Resolves when every shard has its owner, and so many workers are there. */
  async owned(workers: number): Promise<ReadonlyMap<Shard, string>> {
    let seen: Status | undefined;
    await until({ what: `${workers} workers own all shards`, maxMs: ownedMaxMs }, async () => {
      seen = await this.#status();
      const isOwned = seen.shards.every(({ state }) => state === "owned");
      return isOwned && seen.workers.length === workers;
    });
    return new Map(seen?.shards.map(({ shard, owner = "" }) => [shard as Shard, owner]));
  }

  /** Units that are listed, to the last page. */
  async waiting(): Promise<number> {
    let count = 0;
    await until({ what: "every worker answers", maxMs: ownedMaxMs }, async () => {
      count = 0;
      for (let after: string | undefined = ""; after !== undefined; ) {
        const page = await this.#listed(`limit=1000${after === "" ? "" : `&after=${after}`}`);
        if (page.unanswered !== undefined) return false;
        count += page.units.length;
        after = page.next;
      }
      return true;
    });
    return count;
  }

  async #listed(query: string): Promise<z.output<typeof listing>> {
    return listing.parse(await this.ask(`/v1/queue?${query}`));
  }

  /** All that is on its way. Undefined: not everybody was heard. */
  async queued(): Promise<number | undefined> {
    try {
      const { shards, splits } = await this.#status();
      if (shards.some(({ lag }) => lag === undefined)) return undefined;
      const lag = shards.reduce((sum, it) => sum + (it.lag ?? 0), 0);
      const { units, next, unanswered } = await this.#listed("limit=100");
      const isUnheard = unanswered !== undefined || (units.length === 0 && next !== undefined);
      // What waits for a retry of its own is counted in no summary: it is listed.
      return isUnheard ? undefined : splits.waiting + splits.inFlight + lag + units.length;
    } catch {
      // A shard is between two owners, or control between two pods.
      return undefined;
    }
  }

  /** Resolves to what is still queued: nothing, or what was there when the time was over. */
  async emptied(): Promise<number | undefined> {
    let queued: number | undefined;
    const isEmpty = async () => {
      queued = await this.queued();
      return queued === 0;
    };
    await until({ what: "the queue is empty", maxMs: emptyMaxMs }, isEmpty).catch(() => {});
    return queued;
  }

  async ask(path: string): Promise<unknown> {
    this.#control ??= this.#findControl();
    try {
      const { place, token } = await this.#control;
      const response = await fetch(`${place}${path}`, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(askMaxMs),
      });
      if (!response.ok) throw new Error(`${path} got ${response.status}: ${await response.text()}`);
      return await response.json();
    } catch (error) {
      // It may be another release's by now.
      this.#control = undefined;
      throw error;
    }
  }

  async #findControl(): Promise<ControlPlace> {
    const address = await this.#release.serviceAddress("control");
    const token = await this.#release.secret("operators", "token");
    return { place: `http://${address}:${controlPort}`, token };
  }

  async #status(): Promise<Status> {
    return status.parse(await this.ask("/v1/cluster"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.sink, ...this.#late].map((sink) => sink.stop()));
  }
}

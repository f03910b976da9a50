/** The `godwit` command in front of the real control API, both in this process. */
import { resolve } from "node:path";
import { LocalBus } from "#lib/leases/local-bus";
import { MemoryLeases } from "#lib/leases/memory";
import { storeRecords } from "#lib/role/records";
import { MemoryStore } from "#lib/store/memory";
import { MemoryLog } from "#lib/stream/memory";
import type { SplitBacklog } from "#lib/stream/split-backlog";
import type { StreamReplicas } from "#lib/stream/stream-replicas";
import { silentLog } from "#lib/telemetry/log";
import { runGodwit } from "../../../services/cli/program.ts";
import { controlApi } from "../../../services/control/api.ts";
import { AdminWorker } from "../admin-worker.ts";
import { ManualClock } from "../manual-clock.ts";
import { FakeIo } from "./fake-io.ts";
import { NotedRoles } from "./noted-roles.ts";

const token = "a-token-of-our-own";

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export class OperatorBench {
  readonly clock = new ManualClock();
  readonly bus = new LocalBus({ clock: this.clock });
  readonly store = new MemoryStore({ clock: this.clock });
  readonly log = new MemoryLog({ clock: this.clock, shards: 4 });
  /** Owns all there is, and knows of no mail. */
  readonly idleWorker = new AdminWorker(this.bus);
  readonly requests: string[] = [];
  /** Answers instead of the API. */
  answer: ((request: Request) => Response | Promise<Response>) | undefined;
  /** `godwit.yaml`; undefined: there is none. */
  configuration: string | undefined = "hostname: mta1.example.net\n";
  token: string | undefined = token;
  /** Others that a command may read. */
  readonly files = new Map<string, string>();
  /** What the operator's clock has gone on by. */
  passedMs = 0;
  readonly leases = new MemoryLeases({ clock: this.clock });
  /** As in a cluster; undefined: as on one machine. */
  splitBacklog: (() => Promise<SplitBacklog>) | undefined;
  replicas: (() => Promise<StreamReplicas>) | undefined;
  readonly #api = controlApi({
    operators: () => this.#operators,
    metrics: { render: async () => "" },
    clock: this.clock,
    log: silentLog,
    token: async () => token,
    reasons: () => [],
    makesToken: false,
  });

  /** One shard: the first, which an AdminWorker owns. */
  get #operators() {
    const { bus, leases, log, splitBacklog, replicas } = this;
    const records = storeRecords(this.store);
    const logs = { stream: log.stream(), journal: log.journal() };
    const told = {
      ...(splitBacklog === undefined ? {} : { splitBacklog }),
      ...(replicas === undefined ? {} : { replicas }),
    };
    return { shards: 1, bus, records, leases, ...logs, ...told };
  }

  async run(...args: string[]): Promise<Ended> {
    const io = new FakeIo();
    io.passedMs = () => this.passedMs;
    for (const [path, text] of this.files) io.files.set(path, text);
    if (this.configuration !== undefined) io.files.set("godwit.yaml", this.configuration);
    if (this.token !== undefined) io.files.set(resolve("data/control.token"), `${this.token}\n`);
    io.answer = (request) => {
      this.requests.push(`${request.method} ${request.url}`);
      return this.answer?.(request) ?? this.#api.fetch(request);
    };
    const code = await runGodwit(args, io, new NotedRoles());
    return { code, out: io.stdout, err: io.stderr };
  }
}

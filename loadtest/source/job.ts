/** What the source sends: the n-th message of a run, and the commands for it. */
import { ContentMaker, type Form } from "../content.ts";
import type { LoadId } from "../load-id.ts";
import { NumberedOctets } from "../numbered-octets.ts";

export interface JobOptions {
  readonly run: string;
  /** In turn, as the domains. */
  readonly sizesBytes: readonly number[];
  readonly recipients: number;
  readonly domains: readonly string[];
  /** Of all recipients, up to a `+`; a word of `sink/fault.ts` asks the sink for that fault. */
  readonly localPart: string;
  readonly reversePath: string;
  /** For `X-Godwit-Tenant`: whose mail it is. */
  readonly tenant?: string;
}

/** Of more, commands are put together each time. */
const commandsKeptMax = 20_000;

/** All octets that are given out are valid until the next are asked for. */
export class Jobs {
  readonly mail: Buffer;
  readonly recipients: number;
  readonly #options: JobOptions;
  readonly #makers: readonly ContentMaker[];
  readonly #rcpts: NumberedOctets[] = [];

  constructor(options: JobOptions) {
    const { run, tenant, sizesBytes, reversePath } = options;
    this.#options = options;
    this.recipients = options.recipients;
    this.mail = Buffer.from(`MAIL FROM:<${reversePath}>\r\n`, "latin1");
    const above = tenant === undefined ? "" : `X-Godwit-Tenant: ${tenant}\r\n`;
    const makers = new Map<number, ContentMaker>();
    for (const sizeBytes of new Set(sizesBytes)) {
      makers.set(sizeBytes, new ContentMaker({ sizeBytes, run, above }));
    }
    this.#makers = sizesBytes.flatMap((sizeBytes) => makers.get(sizeBytes) ?? []);
  }

  job(n: number, dueAt?: number): Job {
    return new Job(this, { run: this.#options.run, n }, dueAt);
  }

  rcpt(n: number, k: number): Buffer {
    const { domains } = this.#options;
    const turn = (n + k) % domains.length;
    if (domains.length * this.recipients > commandsKeptMax) return this.#rcpt(turn, k).with(n);
    const at = turn * this.recipients + k;
    this.#rcpts[at] ??= this.#rcpt(turn, k);
    return this.#rcpts[at].with(n);
  }

  mailData(n: number, form: Form): Buffer {
    return this.#makers[n % this.#makers.length]?.mailData(n, form) ?? Buffer.from(".\r\n");
  }

  #rcpt(turn: number, k: number): NumberedOctets {
    const { localPart, domains } = this.#options;
    const pieces = [`RCPT TO:<${localPart}+`, `.${k}@${domains[turn]}>\r\n`];
    return new NumberedOctets(() => pieces);
  }
}

export class Job {
  readonly id: LoadId;
  /** When it was to be sent, on the monotonic clock; undefined: as soon as there is a session. */
  readonly dueAt: number | undefined;
  readonly #jobs: Jobs;

  constructor(jobs: Jobs, id: LoadId, dueAt: number | undefined) {
    this.#jobs = jobs;
    this.id = id;
    this.dueAt = dueAt;
  }

  get recipients(): number {
    return this.#jobs.recipients;
  }

  get mail(): Buffer {
    return this.#jobs.mail;
  }

  /** The k-th of its RCPT commands. */
  rcpt(k: number): Buffer {
    return this.#jobs.rcpt(this.id.n, k);
  }

  mailData(form: Form): Buffer {
    return this.#jobs.mailData(this.id.n, form);
  }

  /** MAIL, all RCPT commands, and what comes behind them. */
  envelope(behind: Buffer): Buffer {
    const commands = [this.mail];
    for (let k = 0; k < this.recipients; k++) commands.push(Buffer.from(this.rcpt(k)));
    return Buffer.concat([...commands, behind]);
  }
}

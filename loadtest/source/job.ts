/** What the source sends: the n-th message of a run. */
import { ContentMaker } from "../content.ts";
import type { LoadId } from "../load-id.ts";

export interface Job {
  readonly id: LoadId;
  readonly reversePath: string;
  readonly forwardPaths: readonly string[];
  /** With transparency and the final dot. */
  readonly mailData: Buffer;
  /** When it was to be sent, on the monotonic clock; undefined: as soon as there is a session. */
  readonly dueAt: number | undefined;
}

export interface JobOptions {
  readonly run: string;
  readonly sizesBytes: readonly number[];
  readonly recipients: number;
  readonly domains: readonly string[];
  /** Of all recipients, up to a `+`; a word of `sink/fault.ts` asks the sink for that fault. */
  readonly localPart: string;
  readonly reversePath: string;
  /** For `X-Godwit-Tenant`: whose mail it is. */
  readonly tenant?: string;
}

export class Jobs {
  readonly #options: JobOptions;
  readonly #makers: readonly ContentMaker[];
  readonly #above: Buffer | undefined;

  constructor(options: JobOptions) {
    this.#options = options;
    this.#makers = options.sizesBytes.map((size) => new ContentMaker(size));
    const { tenant } = options;
    this.#above = tenant === undefined ? undefined : Buffer.from(`X-Godwit-Tenant: ${tenant}\r\n`);
  }

  /** Sizes and domains take turns. */
  job(n: number, dueAt?: number): Job {
    const { run, recipients, domains, localPart, reversePath } = this.#options;
    const id = { run, n };
    const forwardPaths: string[] = [];
    for (let k = 0; k < recipients; k++) {
      forwardPaths.push(`${localPart}+${n}.${k}@${domains[(n + k) % domains.length]}`);
    }
    const maker = this.#makers[n % this.#makers.length];
    const made = maker?.mailData(id) ?? Buffer.from(".\r\n");
    const mailData = this.#above === undefined ? made : Buffer.concat([this.#above, made]);
    return { id, reversePath, forwardPaths, mailData, dueAt };
  }
}

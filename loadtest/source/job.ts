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
}

export class Jobs {
  readonly #options: JobOptions;
  readonly #makers: readonly ContentMaker[];

  constructor(options: JobOptions) {
    this.#options = options;
    this.#makers = options.sizesBytes.map((size) => new ContentMaker(size));
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
    const mailData = maker?.mailData(id) ?? Buffer.from(".\r\n");
    return { id, reversePath, forwardPaths, mailData, dueAt };
  }
}

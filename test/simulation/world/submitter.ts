/** A client that submits a message and keeps at it, as real ones do: another try is another message to us. */
import type { Clock } from "#lib/clock";
import { Deadlines } from "#lib/deadlines";
import type { MemoryNetwork } from "#lib/net/memory-transport";
import type { Endpoint } from "#lib/net/transport";
import type { Recipient } from "#lib/queue/unit";
import type { PathText } from "#lib/smtp/path";
import { RemoteSession } from "../../../services/delivery/attempt/remote-session.ts";
import { defaultTimings } from "../../../services/delivery/config.ts";
import type { Trail } from "../witness/trail.ts";
import type { Witness } from "../witness/witness.ts";

const address = "10.0.9.1";
const tryAgainMs = 40_000;
/** Then it goes to another mail system. */
const triesMax = 3;

export interface Submission {
  readonly name: string;
  readonly atMs: number;
  readonly reversePath: PathText;
  readonly recipients: readonly Recipient[];
  readonly bodyLines: number;
  /** Not to be sent before so long after `atMs`. */
  readonly holdForMs?: number;
}

export interface SubmitterPorts {
  readonly clock: Clock;
  readonly network: MemoryNetwork;
  readonly witness: Witness;
  readonly trail: Trail;
  /** Which edge to try next. */
  readonly edge: () => Endpoint;
}

export class Submitter {
  readonly #ports: SubmitterPorts;
  readonly #deadlines: Deadlines;
  #open = 0;

  constructor(ports: SubmitterPorts) {
    this.#ports = ports;
    this.#deadlines = new Deadlines(ports.clock);
  }

  /** Submissions that are to come or under way. */
  get open(): number {
    return this.#open;
  }

  plan(submission: Submission): void {
    this.#open += 1;
    this.#ports.clock.after(submission.atMs, () => void this.#submit(submission));
  }

  async #submit(submission: Submission): Promise<void> {
    const { clock, witness, trail } = this.#ports;
    for (let attempt = 1; attempt <= triesMax; attempt++) {
      const envid = `${submission.name}.${attempt}`;
      const content = contentOf(submission, envid);
      const isTaken = await this.#try(submission, { envid, content });
      trail.note(`client ${envid} ${isTaken ? "has its 250" : "has no 250"}`);
      if (isTaken) {
        witness.promised(envid, content);
        break;
      }
      if (attempt < triesMax) await clock.sleep(tryAgainMs);
    }
    this.#open -= 1;
  }

  async #try(
    { reversePath, recipients }: Submission,
    { envid, content }: { readonly envid: string; readonly content: Uint8Array },
  ): Promise<boolean> {
    const { network, clock, edge } = this.#ports;
    const host = { ...edge(), name: "edge.example", protocol: "smtp", isRouted: false } as const;
    const opened = await RemoteSession.open(
      host,
      { hostname: "client.example", protocol: "smtp", tls: "never" },
      {
        transport: network.transport(address),
        clock,
        deadlines: this.#deadlines,
        timings: defaultTimings,
      },
    );
    if (opened.kind === "refused") return false;
    const { results, isReusable } = await opened.session.transact({
      reversePath,
      recipients,
      envid,
      body: "7bit",
      smtpUtf8: false,
      content,
      contentLineMax: 998,
    });
    if (isReusable) opened.session.quit();
    return results.every(({ reply }) => reply?.class === 2);
  }
}

function contentOf({ bodyLines, reversePath }: Submission, envid: string): Uint8Array {
  const lines = [
    `From: <${reversePath || "postmaster@client.example"}>`,
    "Date: Tue, 14 Nov 2023 22:13:20 +0000",
    `Message-ID: <${envid}@client.example>`,
    `Subject: ${envid}`,
    "",
    // Transparency has something to do.
    ...Array.from({ length: bodyLines }, (_, n) =>
      n % 3 === 0 ? ".dot" : `line ${n} of ${envid}`,
    ),
    "",
  ];
  return new TextEncoder().encode(lines.join("\r\n"));
}

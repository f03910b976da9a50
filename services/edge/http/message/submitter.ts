/**
 * Takes a submission as the edge takes a transaction of SMTP: recipients are admitted one by one,
 * content is judged, and the receiver makes it durable. What is refused is a reply, as there.
 */
import type { Clock } from "#lib/clock";
import { makeMessageId } from "#lib/message/message-id";
import { siblingId } from "#lib/queue/queue-id";
import type { QueueId } from "#lib/queue/unit";
import { isAscii } from "#lib/smtp/ascii";
import type { Mailbox } from "#lib/smtp/path";
import { type Reply, reply } from "#lib/smtp/reply";
import { contentFault } from "#lib/smtp/server/content-fault";
import type { ServerLimits, Transaction } from "#lib/smtp/server/step";
import type { Log } from "#lib/telemetry/log";
import type { Load } from "../../load.ts";
import type { Origin, Received, Receiver } from "../../receiver.ts";
import {
  recipientSuppressed,
  type SuppressedRecipients,
} from "../../submission/suppressed-recipients.ts";
import { parametersOf, withLastLineEnd } from "./content.ts";
import type { Letter, Wording } from "./letter.ts";
import { composed } from "./mime.ts";
import type { Submission, Wanted, WantedRecipient } from "./submission.ts";
import { parsedTemplate, RenderingTime, type Template } from "./template.ts";

export interface SubmitterPorts {
  readonly hostname: string;
  readonly receiver: Pick<Receiver, "receive">;
  readonly load: Pick<Load, "hasRoomFor" | "hold">;
  readonly clock: Clock;
  readonly log: Log;
  readonly suppressed?: SuppressedRecipients;
}

export interface Order {
  readonly submission: Submission;
  readonly origin: Origin;
  readonly tenant: string | undefined;
  readonly limits: ServerLimits;
  /** Of the first message; those of the others follow from it. */
  readonly id: QueueId;
  /** Queue ids of recipients for whom an earlier try was enough, by their place. */
  readonly known: ReadonlyMap<number, string>;
  /** The same order may come again under this id. */
  readonly isRepeatable: boolean;
  readonly traceParent: string | undefined;
}

/** What became of one recipient. */
export type Fate =
  | { readonly kind: "accepted"; readonly queueId: string }
  | { readonly kind: "refused"; readonly reply: Reply };

/** Messages of one order that are composed, or on their way to the queue, at once. */
const messagesMax = 32;

/** A message to be made, and for which recipients of the order. */
interface Draft {
  readonly id: QueueId;
  readonly recipients: readonly { readonly index: number; readonly mailbox: Mailbox }[];
  readonly content: () => Promise<Uint8Array> | Uint8Array | Reply;
}

export class Submitter {
  readonly #ports: SubmitterPorts;

  constructor(ports: SubmitterPorts) {
    this.#ports = ports;
  }

  /**
   * The fate of each recipient, in their order.
   * @throws {UnreadableTemplate} before anything was accepted
   */
  async submit(order: Order): Promise<readonly Fate[]> {
    const fates: Fate[] = [];
    const drafts = this.#drafts(order, await this.#admitted(order, fates));
    const next = drafts.values();
    const lane = async () => {
      // One iterator for all lanes: each takes what nobody has.
      for (const draft of next) {
        const fate = await this.#made(draft, order);
        for (const { index } of draft.recipients) fates[index] = fate;
      }
    };
    await Promise.all(Array.from({ length: messagesMax }, lane));
    return fates;
  }

  /** Whom mail may be sent to; the others have their fate. */
  async #admitted({ submission, tenant, known }: Order, fates: Fate[]) {
    const { suppressed } = this.#ports;
    const admitted: { index: number; mailbox: Mailbox; wanted: WantedRecipient }[] = [];
    const seen = new Set<string>();
    for (const [index, wanted] of submission.recipients.entries()) {
      const { mailbox } = wanted;
      const queueId = known.get(index);
      const isSuppressed = mailbox !== undefined && (await suppressed?.(mailbox.text, tenant));
      if (queueId !== undefined) fates[index] = { kind: "accepted", queueId };
      else if (mailbox === undefined) fates[index] = refused(noMailbox);
      else if (isSuppressed) fates[index] = refused(recipientSuppressed);
      else if (submission.content.kind === "each" && seen.has(mailbox.text)) {
        fates[index] = refused(repeated);
      } else admitted.push({ index, mailbox, wanted });
      if (mailbox !== undefined) seen.add(mailbox.text);
    }
    return admitted;
  }

  #drafts(
    { submission, id }: Order,
    admitted: readonly { index: number; mailbox: Mailbox; wanted: WantedRecipient }[],
  ): readonly Draft[] {
    const { content } = submission;
    if (admitted.length === 0) return [];
    if (content.kind === "raw") {
      const bytes = withLastLineEnd(content.bytes);
      return [{ id, recipients: admitted, content: () => bytes }];
    }
    const template = templateOf(content, submission.recipients);
    const time = new RenderingTime(this.#ports.clock);
    const draft = (n: number, letter: Letter, scope: object) => {
      const own = siblingId(id, n);
      return () => {
        const wording = template === undefined ? letter : template.render(scope, time);
        return "code" in wording ? wording : this.#composed(own, letter, wording);
      };
    };
    if (content.kind === "shared") {
      const { letter, substitutions = {} } = content;
      return [{ id, recipients: admitted, content: draft(0, letter, substitutions) }];
    }
    return admitted.map(({ index, mailbox, wanted }) => {
      const { name, substitutions } = wanted;
      const to = { mailbox, ...(name === undefined ? {} : { name }) };
      const recipient = { address: mailbox.text, name };
      const scope = { recipient, ...content.substitutions, ...substitutions };
      const letter = { ...content.letter, to: [to] };
      // By its place in the request, so that it has the same id when another is suppressed meanwhile.
      return {
        id: siblingId(id, index),
        recipients: [{ index, mailbox }],
        content: draft(index, letter, scope),
      };
    });
  }

  #composed(id: QueueId, letter: Letter, wording: Wording): Promise<Uint8Array> {
    const { hostname, clock } = this.#ports;
    const stamp = { messageId: makeMessageId(id, hostname), date: clock.now() };
    return composed({ ...letter, ...wording }, stamp);
  }

  /** What cannot be composed, for a reason that nobody thought of, is put off: unknown is transient. */
  async #contentOf({ id, content }: Draft): Promise<Uint8Array | Reply> {
    try {
      return await content();
    } catch (error) {
      this.#ports.log.error("message_not_composed", { queue_id: id, error });
      return reply(451, "4.3.0", `Local error, try again later (reference ${id})`);
    }
  }

  async #made(draft: Draft, order: Order): Promise<Fate> {
    const content = await this.#contentOf(draft);
    if ("code" in content) return refused(content);
    const fault = contentFault(content, order.limits);
    if (fault !== undefined) return refused(fault);
    const { load, receiver } = this.#ports;
    if (!load.hasRoomFor(content.length)) return refused(noRoom);
    load.hold(content.length);
    try {
      const answer = await receiver.receive(receivedOf(draft, content, order));
      if (answer.kind === "accepted") return answer;
      return refused(answer.kind === "refused" ? answer.reply : noRoom);
    } finally {
      load.hold(-content.length);
    }
  }
}

function templateOf(
  { letter, substitutions }: Wanted,
  recipients: readonly WantedRecipient[],
): Template | undefined {
  const isTemplate =
    substitutions !== undefined || recipients.some((it) => it.substitutions !== undefined);
  return isTemplate ? parsedTemplate(letter) : undefined;
}

function receivedOf({ id, recipients }: Draft, content: Uint8Array, order: Order): Received {
  const { submission, origin, isRepeatable, traceParent } = order;
  const { reversePath, labels, notBefore } = submission;
  const mailboxes = recipients.map(({ mailbox }) => mailbox);
  const paths = reversePath === null ? mailboxes : [reversePath, ...mailboxes];
  const transaction: Transaction = {
    reversePath,
    recipients: mailboxes.map((forwardPath) => ({ forwardPath, parameters: {} })),
    parameters: {
      ...parametersOf(
        content,
        paths.some(({ text }) => !isAscii(text)),
      ),
      ...(notBefore === undefined ? {} : { notBefore }),
    },
    helo: "",
    isExtended: false,
  };
  return {
    transaction,
    content,
    origin,
    identity: { id, isRepeatable },
    ...(labels === undefined ? {} : { labels }),
    ...(traceParent === undefined ? {} : { traceParent }),
  };
}

function refused(said: Reply): Fate {
  return { kind: "refused", reply: said };
}

const noMailbox = reply(553, "5.1.3", "Not a mailbox, such as ann@example.org");
const repeated = reply(550, "5.5.4", "Recipient is in this list already");
const noRoom = reply(452, "4.3.1", "Insufficient system storage, try again later");

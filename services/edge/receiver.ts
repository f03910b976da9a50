/** Turns a finished transaction into a durable message, and its fate into an answer. */
import { assert } from "#lib/assert";
import type { Clock } from "#lib/clock";
import type { EventSink } from "#lib/events/event-sink";
import { completedContent } from "#lib/message/completed-content";
import type { ControlFields } from "#lib/message/control-fields";
import { asciiText, type HeaderSummary, summarizeHeader } from "#lib/message/header-section";
import type { HttpProtocol, TraceStamp } from "#lib/message/trace-field";
import type { TlsInfo } from "#lib/net/transport";
import { makeQueueId } from "#lib/queue/queue-id";
import { dueFrom } from "#lib/queue/schedule";
import { destinationOf } from "#lib/queue/shard";
import {
  type Destination,
  type Envelope,
  type Message,
  type QueueId,
  type Recipient,
  type Unit,
  uidOf,
} from "#lib/queue/unit";
import type { Random } from "#lib/random";
import { type Mailbox, nullReversePath, type PathText, parseMailbox } from "#lib/smtp/path";
import { type PermanentReply, reply, replyText } from "#lib/smtp/reply";
import type { AdmittedRecipient, ServerAnswer, Transaction } from "#lib/smtp/server/step";
import { type Intake, IntakeFull } from "#lib/stream/intake";
import type { Log } from "#lib/telemetry/log";
import { noTracing, type Tracing, traceIdOf } from "#lib/telemetry/tracing";
import type { EdgeConfig, ListenerConfig } from "./config.ts";
import type { EdgeMetrics } from "./metrics.ts";
import { protocolOf } from "./reception/protocol.ts";
import { tellReception } from "./reception/reception-events.ts";
import { traceReception } from "./reception/reception-trace.ts";
import { type Labels, labelsOf, type SubmittingUser } from "./submission/labels.ts";

export interface ReceiverPorts {
  readonly intake: Intake;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: EdgeMetrics;
  readonly events: EventSink;
  readonly tracing?: Tracing;
}

/** Where a message came from. */
export interface Origin {
  readonly clientAddress: string;
  /** Groups what came in one session. */
  readonly sessionId?: string;
  readonly listener: Pick<ListenerConfig, "name" | "kind" | "mayActAs">;
  readonly user?: SubmittingUser;
  readonly tls?: TlsInfo;
  /** Absent: a kind of SMTP, as the transaction tells. */
  readonly protocol?: HttpProtocol;
}

export interface Received {
  readonly transaction: Transaction;
  readonly content: Uint8Array;
  readonly origin: Origin;
  /** What the submission says about itself beside its header section. */
  readonly labels?: ControlFields;
  /** Default: a new id, that nobody repeats. */
  readonly identity?: Pick<Message, "id" | "isRepeatable">;
  /** `traceparent` of who submits, when that is traced. */
  readonly traceParent?: string;
}

interface Looked {
  readonly id: QueueId;
  readonly now: number;
  readonly summary: HeaderSummary;
  readonly labels: Labels;
  readonly trace: string | undefined;
}

interface Accepted {
  readonly summary: HeaderSummary;
  readonly sizeBytes: number;
  readonly durationMs: number;
}

type ReceiverConfig = Pick<
  EdgeConfig,
  "hostname" | "lifetimeMs" | "notificationLifetimeMs" | "limits" | "pools"
>;

export class Receiver {
  readonly #config: ReceiverConfig;
  readonly #ports: ReceiverPorts;
  readonly #postmaster: Mailbox;

  constructor(config: ReceiverConfig, ports: ReceiverPorts) {
    this.#config = config;
    this.#ports = ports;
    const postmaster = parseMailbox(`postmaster@${config.hostname}`);
    assert(
      postmaster !== undefined,
      "the hostname is a domain: the configuration's check saw to it",
    );
    this.#postmaster = postmaster;
  }

  /** For those of a session's messages; made with its first one, since many sessions have none. */
  makeSessionId(): string {
    const { clock, random } = this.#ports;
    return makeQueueId(clock.now(), random);
  }

  /** Resolves, with "accepted" only once the message is durable. Never rejects. */
  async receive(received: Received): Promise<ServerAnswer> {
    const { clock, random, intake, tracing = noTracing } = this.#ports;
    const startedAt = clock.monotonic();
    const now = clock.now();
    const { traceParent } = received;
    const joined = traceParent === undefined ? undefined : tracing.join(traceParent);
    const trace = joined ?? tracing.begin();
    const queueId = received.identity?.id ?? makeQueueId(now, random);
    try {
      const summary = summarizeHeader(received.content);
      const labels = this.#labelsOf(received, summary);
      if ("code" in labels) return this.#refusedFor(labels, received.origin);
      const message = this.#messageOf(received, { id: queueId, now, summary, labels, trace });
      // Afterwards the content is the intake's.
      const sizeBytes = message.content.length;
      const lookedMs = trace === undefined ? 0 : clock.monotonic() - startedAt;
      const traced = (failure?: string) => {
        if (trace === undefined) return;
        const times = { startedAt: now, lookedMs, durationMs: clock.monotonic() - startedAt };
        const { origin } = received;
        const from = joined === undefined ? undefined : traceParent;
        traceReception(tracing, { trace, from, message, origin, sizeBytes, ...times, failure });
      };
      try {
        await intake.accept(message);
      } catch (error) {
        traced(String(error));
        throw error;
      }
      const durationMs = clock.monotonic() - startedAt;
      traced();
      this.#tellAccepted(received, message, { summary, sizeBytes, durationMs });
      return { kind: "accepted", queueId };
    } catch (error) {
      return this.#refusal(queueId, error);
    }
  }

  /**
   * Whose mail it is, or why it is refused. Asked before there is content, too: of what is said
   * beside it.
   */
  labelsFor(said: ControlFields | undefined, origin: Origin): Labels | PermanentReply {
    const labels = said === undefined ? {} : { labels: said };
    return this.#labelsOf({ content: nothing, origin, ...labels }, summarizeHeader(nothing));
  }

  #labelsOf(
    { content, origin, labels }: Pick<Received, "content" | "origin" | "labels">,
    { controlFields }: Pick<HeaderSummary, "controlFields">,
  ): Labels | PermanentReply {
    const { pools } = this.#config;
    return labelsOf(content, controlFields, {
      ...origin,
      ...(pools === undefined ? {} : { pools }),
      ...(labels === undefined ? {} : { said: labels }),
    });
  }

  #messageOf({ transaction, content, origin, identity }: Received, looked: Looked): Message {
    const { id, now, summary, labels, trace } = looked;
    const isSubmission = origin.listener.kind === "submission";
    const recipients = this.#recipientsOf(transaction);
    const completed = completedContent({
      content,
      summary,
      stamp: this.#stamp({ transaction, content, origin }, { id, now, recipients }),
      isSubmission,
      // RFC 5321 §6.4: what passes through a relay is left as it is.
      removed: isSubmission ? summary.controlFields : [],
    });
    const envelope = envelopeOf(transaction);
    const { lifetimeMs, notificationLifetimeMs } = this.#config;
    const lifetime = transaction.reversePath === null ? notificationLifetimeMs : lifetimeMs;
    const { notBefore = now } = transaction.parameters;
    const schedule = notBefore > now ? { notBefore } : {};
    const common: Omit<Unit, "uid" | "destination" | "recipients"> = {
      envelope,
      ...labels,
      acceptedAt: now,
      ...schedule,
      expiresAt: dueFrom({ acceptedAt: now, ...schedule }) + lifetime,
      sizeBytes: completed.length,
      isNotification: false,
      ...(trace === undefined ? {} : { trace }),
    };
    const units = this.#groups(recipients).map((group, n) => ({
      ...common,
      uid: uidOf(id, n),
      ...group,
    }));
    return { id, units, content: completed, isRepeatable: identity?.isRepeatable ?? false };
  }

  /** Each mailbox once: the RFC lets a client repeat itself, and nobody wants two copies. */
  #recipientsOf({ recipients }: Transaction): QueuedRecipient[] {
    const queued = new Map<PathText, QueuedRecipient>();
    for (const admitted of recipients) {
      const mailbox = this.#mailboxOf(admitted);
      if (!queued.has(mailbox.text)) queued.set(mailbox.text, queuedRecipient(mailbox, admitted));
    }
    return [...queued.values()];
  }

  #mailboxOf({ forwardPath }: AdmittedRecipient): Mailbox {
    // RFC 5321 §4.5.1: <Postmaster> without a domain is this host's.
    return "postmaster" in forwardPath ? this.#postmaster : forwardPath;
  }

  /** By destination, and no more in one unit than an attempt can carry. */
  #groups(recipients: readonly QueuedRecipient[]): Group[] {
    const groups: Group[] = [];
    const open = new Map<Destination, Group>();
    for (const { destination, recipient } of recipients) {
      let group = open.get(destination);
      if (group === undefined || group.recipients.length >= this.#recipientsPerUnitMax) {
        group = { destination, recipients: [] };
        open.set(destination, group);
        groups.push(group);
      }
      group.recipients.push(recipient);
    }
    return groups;
  }

  get #recipientsPerUnitMax(): number {
    return this.#config.limits.recipientsPerUnitMax;
  }

  #stamp(
    { transaction, origin }: Received,
    { id, now, recipients }: { id: QueueId; now: number; recipients: readonly QueuedRecipient[] },
  ): TraceStamp {
    const { tls } = origin;
    const [only, second] = recipients;
    const isSingle = only !== undefined && second === undefined;
    return {
      helo: transaction.helo,
      clientAddress: origin.clientAddress,
      hostname: this.#config.hostname,
      protocol: protocolOf(transaction, origin),
      queueId: id,
      at: now,
      ...(isSingle ? { forPath: only.recipient.path } : {}),
      ...(tls === undefined ? {} : { tls }),
    };
  }

  #tellAccepted(
    { transaction, content, origin }: Received,
    message: Message,
    { summary, sizeBytes, durationMs }: Accepted,
  ) {
    const { metrics, log, events } = this.#ports;
    const recipients = message.units.reduce((sum, unit) => sum + unit.recipients.length, 0);
    const listener = origin.listener.name;
    const { tenant, trace, notBefore } = message.units[0] ?? {};
    metrics.accepted({
      ...{ listener, recipients, bytes: sizeBytes, durationMs },
      ...(tenant === undefined ? {} : { tenant }),
      ...(trace === undefined ? {} : { trace }),
    });
    const messageId = summary.messageId && asciiText(content, summary.messageId);
    tellReception(events, { units: message.units, transaction, origin, messageId, durationMs });
    log.info("message_accepted", {
      queue_id: message.id,
      reverse_path: transaction.reversePath?.text ?? "",
      recipients,
      units: message.units.length,
      size: sizeBytes,
      client: origin.clientAddress,
      listener,
      user: origin.user?.name,
      tenant,
      campaign: message.units[0]?.campaign,
      not_before: notBefore === undefined ? undefined : new Date(notBefore).toISOString(),
      tls: origin.tls?.protocol,
      message_id: messageId,
      trace_id: traceIdOf(trace),
    });
  }

  #refusedFor(refusal: PermanentReply, { clientAddress, listener, user }: Origin): ServerAnswer {
    const reason = replyText(refusal);
    const fields = { client: clientAddress, listener: listener.name, user: user?.name, reason };
    this.#ports.log.info("message_refused", { ...fields, code: refusal.code });
    return { kind: "refused", reply: refusal };
  }

  /**
   * The one place where the unexpected becomes a reply: generic text, and an id that is in the log,
   * too.
   */
  #refusal(queueId: QueueId, error: unknown): ServerAnswer {
    const { log } = this.#ports;
    if (error instanceof IntakeFull) {
      log.warn("message_refused", { queue_id: queueId, code: 452, reason: error.message });
      return { kind: "refused", reply: reply(452, "4.3.1", "Insufficient system storage") };
    }
    log.error("message_refused", { queue_id: queueId, code: 451, error });
    const text = `Local error, try again later (reference ${queueId})`;
    return { kind: "refused", reply: reply(451, "4.3.0", text) };
  }
}

const nothing = new Uint8Array();

interface QueuedRecipient {
  readonly destination: Destination;
  readonly recipient: Recipient;
}

interface Group {
  readonly destination: Destination;
  readonly recipients: Recipient[];
}

function queuedRecipient(mailbox: Mailbox, { parameters }: AdmittedRecipient): QueuedRecipient {
  return { destination: destinationOf(mailbox), recipient: { path: mailbox.text, ...parameters } };
}

function envelopeOf({ reversePath, parameters }: Transaction): Envelope {
  const { ret, envid, body, smtpUtf8 } = parameters;
  return {
    reversePath: reversePath?.text ?? nullReversePath,
    body,
    smtpUtf8,
    ...(ret === undefined ? {} : { ret }),
    ...(envid === undefined ? {} : { envid }),
  };
}

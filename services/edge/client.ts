/** Who is at the other end of a connection, and the answers to what its session asks about it. */
import type { TlsIdentity, TlsInfo } from "#lib/net/transport";
import type { ForwardPath } from "#lib/smtp/path";
import { type Reply, reply } from "#lib/smtp/reply";
import type { ServerAnswer, ServerStep } from "#lib/smtp/server/step";
import type { Log, LogFields } from "#lib/telemetry/log";
import type { Admission, Standing, Verdict } from "./admission.ts";
import type { ListenerConfig, UserConfig } from "./config.ts";
import type { Credentials } from "./credentials.ts";
import type { Load } from "./load.ts";
import type { EdgeMetrics } from "./metrics.ts";
import type { Receiver } from "./receiver.ts";
import {
  recipientSuppressed,
  type SuppressedRecipients,
} from "./submission/suppressed-recipients.ts";

/** What the clients of a listener share. A reload changes it under running sessions. */
export interface ClientContext {
  readonly listener: ListenerConfig;
  readonly admission: Admission;
  readonly identity: TlsIdentity;
  readonly receiver: Receiver;
  readonly credentials: Credentials;
  readonly load: Load;
  readonly log: Log;
  readonly metrics: EdgeMetrics;
  readonly suppressed?: SuppressedRecipients;
}

type Asked<Kind extends ServerStep["kind"]> = Extract<ServerStep, { kind: Kind }>;

export class Client {
  readonly address: string;
  readonly #context: ClientContext;
  #user: UserConfig | undefined;
  #tls: TlsInfo | undefined;
  #sessionId: string | undefined;
  /** Trust is looked up once for each admission policy: a reload brings a new one. */
  #trust: { readonly by: Admission; readonly isTrusted: boolean } | undefined;

  constructor(address: string, context: ClientContext) {
    this.address = address;
    this.#context = context;
  }

  /** Says who it is in every log line about it. */
  get fields(): LogFields {
    const { listener } = this.#context;
    return { client: this.address, listener: listener.name, user: this.#user?.name };
  }

  isUnder(tls: TlsInfo): void {
    this.#tls = tls;
    // RFC 3207 §4.2: what it said in clear, AUTH included, is forgotten.
    this.#user = undefined;
  }

  admitMail({ parameters }: Asked<"admitMail">): ServerAnswer {
    const { admission, load } = this.#context;
    if (!load.hasRoomFor(parameters.size ?? 0)) return noRoom;
    return answerOf(admission.admitMail(this.#standing));
  }

  admitRecipient({ forwardPath }: Asked<"admitRecipient">): ServerAnswer | Promise<ServerAnswer> {
    const verdict = this.#context.admission.admitRecipient(forwardPath, this.#standing);
    if (verdict !== "admitted") return this.#verdictOn(forwardPath, verdict);
    const looked = this.#isSuppressed(forwardPath);
    if (looked === undefined) return { kind: "admitted" };
    return looked.then((isSuppressed) =>
      this.#verdictOn(forwardPath, isSuppressed ? recipientSuppressed : "admitted"),
    );
  }

  #verdictOn(forwardPath: ForwardPath, verdict: Verdict): ServerAnswer {
    if (verdict !== "admitted") this.#noteRefused(forwardPath, verdict);
    return answerOf(verdict);
  }

  /** Of mail from elsewhere nothing is refused for what our users have asked for. */
  #isSuppressed(forwardPath: ForwardPath): Promise<boolean> | undefined {
    const { suppressed, listener } = this.#context;
    if (suppressed === undefined || listener.kind !== "submission") return undefined;
    return "postmaster" in forwardPath
      ? undefined
      : suppressed(forwardPath.text, this.#user?.tenant);
  }

  async authenticate({ user, password }: Asked<"authenticate">): Promise<ServerAnswer> {
    const { credentials, log, metrics } = this.#context;
    const clientAddress = this.address;
    const verification = await credentials.verify({ user, password, clientAddress });
    if (verification.kind === "known") {
      metrics.authenticated("success");
      this.#user = verification.user;
      return { kind: "authenticated" };
    }
    const isWrong = verification.kind === "wrong";
    metrics.authenticated(isWrong ? "failure" : "busy");
    log.info("auth_failed", { ...this.fields, user, reason: verification.kind });
    return { kind: "refused", reply: isWrong ? wrongCredentials : tooManyAttempts };
  }

  async acceptMessage(asked: Asked<"acceptMessage">): Promise<ServerAnswer> {
    const { transaction, content } = asked;
    const { listener, receiver, load } = this.#context;
    this.#sessionId ??= receiver.makeSessionId();
    const origin = {
      clientAddress: this.address,
      sessionId: this.#sessionId,
      listener,
      ...(this.#user === undefined ? {} : { user: this.#user }),
      ...(this.#tls === undefined ? {} : { tls: this.#tls }),
    };
    // Until the queue has it, whether the client waits for that or not.
    load.hold(content.length);
    try {
      return await receiver.receive({ transaction, content, origin });
    } finally {
      load.hold(-content.length);
    }
  }

  get #standing(): Standing {
    return {
      isAuthenticated: this.#user !== undefined,
      isTrusted: this.#isTrusted,
    };
  }

  get #isTrusted(): boolean {
    const { admission } = this.#context;
    if (this.#trust?.by !== admission) {
      this.#trust = { by: admission, isTrusted: admission.isTrusted(this.address) };
    }
    return this.#trust.isTrusted;
  }

  #noteRefused(forwardPath: ForwardPath, { code, status }: Reply): void {
    const path = "postmaster" in forwardPath ? forwardPath.postmaster : forwardPath.text;
    this.#context.log.info("recipient_refused", { ...this.fields, path, code, status });
  }
}

function answerOf(verdict: Verdict): ServerAnswer {
  return verdict === "admitted" ? { kind: "admitted" } : { kind: "refused", reply: verdict };
}

const noRoom: ServerAnswer = {
  kind: "refused",
  reply: reply(452, "4.3.1", "Insufficient system storage, try again later"),
};
const wrongCredentials = reply(535, "5.7.8", "Authentication credentials invalid");
const tooManyAttempts = reply(454, "4.7.0", "Too many attempts, try again later");

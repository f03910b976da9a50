/** A connection to NATS of which a test is the other end. */
import type { Msg, MsgHdrs, SubscriptionOptions } from "@nats-io/transport-node";
import type { Wire } from "#lib/nats/link";
import { Waiters } from "#lib/stream/waiters";

export interface SentMessage {
  readonly subject: string;
  readonly data: Uint8Array | string;
  readonly reply: string;
  readonly headers: MsgHdrs | undefined;
}

export class ScriptedWire implements Wire {
  isUp = true;
  readonly changed = new Waiters();
  readonly sent: SentMessage[] = [];
  readonly #subscriptions = new Map<string, SubscriptionOptions>();
  readonly #listeners = new Set<() => void>();
  readonly connection: Wire["connection"];

  constructor() {
    this.connection = {
      publish: (subject, data = "", options = {}) => {
        this.sent.push({ subject, data, reply: options.reply ?? "", headers: options.headers });
      },
      subscribe: (subject, options = {}) => {
        this.#subscriptions.set(subject, options);
        const unsubscribe = () => void this.#subscriptions.delete(subject);
        return { unsubscribe } as ReturnType<Wire["connection"]["subscribe"]>;
      },
      // Each is answered with nothing.
      request: async (subject, data = "") => {
        this.sent.push({ subject, data, reply: "", headers: undefined });
        return scriptedMessage({});
      },
      flush: async () => {},
      isClosed: () => false,
    };
  }

  onDown(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  turn(isUp: boolean): void {
    this.isUp = isUp;
    if (!isUp) for (const listener of [...this.#listeners]) listener();
    this.changed.wake();
  }

  /** Hands a message to whoever listens to `inbox`; nobody may. */
  deliver(inbox: string, message: Partial<Msg>): void {
    for (const [subject, { callback }] of [...this.#subscriptions]) {
      const isFor =
        subject === inbox || (subject.endsWith("*") && inbox.startsWith(subject.slice(0, -1)));
      if (isFor) void callback?.(null, scriptedMessage({ subject: inbox, ...message }));
    }
  }

  answer(to: SentMessage | undefined, value: unknown): void {
    this.deliver(to?.reply ?? "", { data: new TextEncoder().encode(JSON.stringify(value)) });
  }
}

export function scriptedMessage(message: Partial<Msg>): Msg {
  const data = message.data ?? new Uint8Array();
  const string = () => new TextDecoder().decode(data);
  return { subject: "", sid: 1, ...message, data, string } as Msg;
}

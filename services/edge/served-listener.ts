/**
 * A listener's part of the configuration, as its connections use it; a reload changes it under
 * them.
 */
import type { Clock } from "#lib/clock";
import { Networks } from "#lib/net/networks";
import type { ServerSettings } from "#lib/smtp/server/step";
import { Admission } from "./admission.ts";
import { type EdgeConfig, type ListenerConfig, serverLimits } from "./config.ts";
import type { ConnectionContext } from "./connection.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
/** What a listener's connections share with those of the others. */
export type SharedContext = Omit<ConnectionContext, "listener" | "admission" | "identity">;

interface SettingsByTrust {
  readonly trusted: ServerSettings;
  readonly others: ServerSettings;
}

export class ServedListener {
  readonly #context: Mutable<ConnectionContext>;
  /** Made once: thousands of sessions share them. */
  #settings: SettingsByTrust;
  #proxies: Networks | undefined;

  constructor(config: EdgeConfig, listener: ListenerConfig, shared: SharedContext) {
    const { identity } = config;
    this.#context = { ...shared, listener, admission: new Admission(listener), identity };
    this.#settings = settingsByTrust(config, listener, shared.clock);
    this.#proxies = proxiesOf(listener);
  }

  get name(): string {
    return this.#context.listener.name;
  }

  get context(): ConnectionContext {
    return this.#context;
  }

  settingsFor(clientAddress: string): ServerSettings {
    const isTrusted = this.#context.admission.isTrusted(clientAddress);
    return isTrusted ? this.#settings.trusted : this.#settings.others;
  }

  /** Whether the address is a proxy's; undefined where none is expected. */
  isProxy(address: string): boolean | undefined {
    return this.#proxies?.has(address);
  }

  /** Takes over what needs no new socket; false when something does. */
  reload(config: EdgeConfig): boolean {
    const context = this.#context;
    context.identity = config.identity;
    const listener = config.listeners.find(({ name }) => name === this.name);
    if (listener === undefined || !isSamePlace(listener, context.listener)) return false;
    context.listener = listener;
    context.admission = new Admission(listener);
    this.#settings = settingsByTrust(config, listener, context.clock);
    this.#proxies = proxiesOf(listener);
    return true;
  }
}

function settingsByTrust(
  config: EdgeConfig,
  listener: ListenerConfig,
  clock: Clock,
): SettingsByTrust {
  const { scheduledMsMax: msMax } = config;
  // RFC 4865 §3: for submission only.
  const isOffered = listener.kind === "submission" && msMax > 0;
  const common: Omit<ServerSettings, "requiresAuth"> = {
    hostname: config.hostname,
    offersStartTls: !listener.tls.implicit,
    auth: listener.auth,
    requiresTls: listener.requiresTls,
    isTls: listener.tls.implicit,
    ...(isOffered ? { futureRelease: { msMax, clock } } : {}),
    limits: { ...serverLimits(listener.kind), ...listener.limits },
  };
  return {
    trusted: { ...common, requiresAuth: false },
    others: { ...common, requiresAuth: listener.kind === "submission" },
  };
}

function proxiesOf({ proxyProtocol }: ListenerConfig): Networks | undefined {
  return proxyProtocol === undefined ? undefined : new Networks(proxyProtocol.trustedNetworks);
}

function isSamePlace(a: ListenerConfig, b: ListenerConfig): boolean {
  return a.address === b.address && a.port === b.port && a.tls.implicit === b.tls.implicit;
}

/** What the edge is told: every value with its unit, default and reason. */
import type { TlsIdentity } from "#lib/net/transport";
import type { ServerLimits } from "#lib/smtp/server/step";

export interface EdgeConfig {
  /** Our name in greeting, EHLO reply, trace field and Message-ID. */
  readonly hostname: string;
  readonly listeners: readonly ListenerConfig[];
  readonly users: readonly UserConfig[];
  readonly http: HttpConfig;
  /** Certificate and key for STARTTLS and implicit TLS; see `identity.ts`. */
  readonly identity: TlsIdentity;
  readonly limits: EdgeLimits;
  /**
   * How long a message may be tried before it is given up. RFC 5321 §4.5.4.1: at least 4 to 5 days.
   */
  readonly lifetimeMs: number;
  /** How far ahead mail may be submitted (ADR 0026); 0: not at all. */
  readonly scheduledMsMax: number;
  /** The same for a null reverse-path: nobody waits for a notification that long. */
  readonly notificationLifetimeMs: number;
  /** That X-Godwit-Pool may name. Absent: delivery alone knows them, and takes another if need be. */
  readonly pools?: readonly string[];
}

export interface ListenerConfig {
  readonly name: string;
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
  readonly kind: ListenerKind;
  /** CIDRs whose hosts may submit without AUTH. Only for `submission`. */
  readonly trustedNetworks: readonly string[];
  /** Domains that mail is taken for, `*.example.net` for those below. Only for `inbound`. */
  readonly localDomains: readonly string[];
  readonly tls: { readonly implicit: boolean };
  /** CIDRs of the proxies that hand connections on, each with a header of the PROXY protocol. */
  readonly proxyProtocol?: { readonly trustedNetworks: readonly string[] };
  /** `underTls`: a password never crosses the wire in clear, unless the operator says so. */
  readonly auth: ServerAuth;
  /** MAIL is refused until the connection is under TLS. */
  readonly requiresTls: boolean;
  /** Tenants that trusted hosts may name without AUTH, `*` for all. Only for `submission`. */
  readonly mayActAs: readonly string[];
  /** What differs from `serverLimits(kind)`. */
  readonly limits: Partial<ServerLimits>;
}

/** Mail from those who show a token to anybody, over HTTP (ADR 0024). */
export interface HttpConfig {
  readonly listeners: readonly HttpListenerConfig[];
  readonly tokens: readonly TokenConfig[];
}

export interface HttpListenerConfig
  extends Pick<ListenerConfig, "name" | "address" | "port" | "tls"> {
  /** What differs from `serverLimits("submission")`: of content and recipients. */
  readonly limits: Partial<ServerLimits>;
}

export interface TokenConfig {
  readonly name: string;
  /** `sha256:` and 64 hexadecimal digits, as `godwit token make` prints it. */
  readonly tokenHash: string;
  /** Whose mail it is when the request does not say. */
  readonly tenant: string;
  /** Further tenants that a request may name, `*` for all. Without it: none. */
  readonly mayActAs?: readonly string[];
}

/** Mail from our users to anybody, or from anybody to our domains. */
export type ListenerKind = "submission" | "inbound";
export type ServerAuth = "never" | "underTls" | "always";

export interface UserConfig {
  readonly name: string;
  /** argon2id, as `godwit user hash` prints it. */
  readonly passwordHash: string;
  /** Whose mail it is when the message does not say. */
  readonly tenant?: string;
  /** Further tenants that X-Godwit-Tenant may name, `*` for all. Without it: none. */
  readonly mayActAs?: readonly string[];
}

export interface EdgeLimits {
  /** 10,000: at 8 KB each they fit beside the content in 512 MiB. Beyond: 421 4.3.2. */
  readonly sessionsMax: number;
  /** 100: one host must not take all sessions. Beyond: 421 4.7.0. */
  readonly sessionsPerAddressMax: number;
  /** 256 MiB of content in memory, coming in or on its way to the queue. Beyond: 452 4.3.1. */
  readonly contentBytesMax: number;
  /** 300 s: RFC 5321 §4.5.3.2.7. */
  readonly idleMs: number;
  /**
   * 1 KiB: content must come in at least at this pace per `idleMs` to count as activity, and only a
   * whole command does. Else an octet now and then would hold a session for ever.
   */
  readonly activeBytesMin: number;
  /** 10 s when nearly all sessions are taken: those who wait come before those who idle. */
  readonly stressedIdleMs: number;
  /** Share of `sessionsMax` from which on the edge counts as stressed: 0.9. */
  readonly stressedShare: number;
  /** 30 s for a TLS handshake: it needs two round trips. */
  readonly handshakeMs: number;
  /**
   * 5 s for a proxy's header, which it sends at once: a lost segment is sent again within 3.
   */
  readonly proxyHeaderMs: number;
  /** 1,000 requests of HTTP at once: what they hold is bounded by `contentBytesMax`. Beyond: 503. */
  readonly requestsMax: number;
  /** 100: one application must not take all of them. Beyond: 429. */
  readonly requestsPerTokenMax: number;
  /** 10 s for the peer to close after we did; then the socket is dropped. */
  readonly closingMs: number;
  /** 30 s for running transactions when the edge stops. */
  readonly stopMs: number;
  /** 100: one attempt's worth; RFC 5321 §4.5.3.1.8 makes every server take that many. */
  readonly recipientsPerUnitMax: number;
  /** 64 KiB of replies the peer has not taken; beyond it nothing more is read from it. */
  readonly unsentBytesMax: number;
}

const mebibyte = 1024 * 1024;
const dayMs = 86_400_000;

export const defaultEdgeLimits: EdgeLimits = {
  sessionsMax: 10_000,
  sessionsPerAddressMax: 100,
  contentBytesMax: 256 * mebibyte,
  idleMs: 300_000,
  activeBytesMin: 1_024,
  stressedIdleMs: 10_000,
  stressedShare: 0.9,
  handshakeMs: 30_000,
  proxyHeaderMs: 5_000,
  requestsMax: 1_000,
  requestsPerTokenMax: 100,
  closingMs: 10_000,
  stopMs: 30_000,
  recipientsPerUnitMax: 100,
  unsentBytesMax: 64 * 1024,
};

export const defaultLifetimeMs = 5 * dayMs;
export const defaultScheduledMsMax = 30 * dayMs;
export const defaultNotificationLifetimeMs = 2 * dayMs;

const commonServerLimits: Omit<ServerLimits, "contentLineMax"> = {
  /** What most providers take. */
  messageSizeMax: 25 * mebibyte,
  /**
   * Ten times what RFC 5321 §4.5.3.1.8 asks for; 452 beyond, so that a client sends the rest later.
   */
  recipientsMax: 1_000,
  /** RFC 5321 §4.5.3.1.4 has 512, and each extension adds its own. */
  commandLineMax: 2_048,
  /** RFC 4954 §4. */
  authLineMax: 12_288,
  errorsSoftMax: 10,
  errorsHardMax: 20,
  /** Long enough to make guessing dear, short enough not to hold sessions. */
  errorDelayMs: 1_000,
  /**
   * RFC 5321 §6.3: a loop count of at least 100 was meant for hops of the eighties; 50 stops loops
   * sooner.
   */
  receivedFieldsMax: 50,
  /** A thousand pipelined RCPT commands. */
  pipelinedBytesMax: 64 * 1024,
};

/**
 * Defaults by kind: what we originate must be right (RFC 5322 §2.1.1), what others send we bear
 * with.
 */
export function serverLimits(kind: ListenerKind): ServerLimits {
  return { ...commonServerLimits, contentLineMax: kind === "submission" ? 998 : 8_192 };
}

/** What a listener is when the configuration says no more than where and what kind. */
export function listenerDefaults(
  kind: ListenerKind,
): Omit<ListenerConfig, "name" | "address" | "port"> {
  return {
    kind,
    trustedNetworks: [],
    localDomains: [],
    tls: { implicit: false },
    auth: kind === "submission" ? "underTls" : "never",
    requiresTls: false,
    // A trusted host may send without a tenant, so naming one gives it nothing it lacks.
    mayActAs: kind === "submission" ? ["*"] : [],
    limits: {},
  };
}

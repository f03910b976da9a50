/** Who may send what to whom. There is no way through it that makes an open relay. */
import { Networks } from "#lib/net/networks";
import type { Domain, ForwardPath, Mailbox } from "#lib/smtp/path";
import { type PermanentReply, reply } from "#lib/smtp/reply";
import type { ListenerConfig } from "./config.ts";

/** What is known of the client when it asks. */
export interface Standing {
  readonly isAuthenticated: boolean;
  readonly isTrusted: boolean;
}

export type Verdict = "admitted" | PermanentReply;

type AdmissionConfig = Pick<ListenerConfig, "kind" | "trustedNetworks" | "localDomains" | "auth">;

const authenticationRequired = reply(530, "5.7.0", "Authentication required");
const notForYou = reply(554, "5.7.1", "This server takes mail from its own networks only");
const relayingDenied = reply(550, "5.7.1", "Relaying denied: no such domain here");

export class Admission {
  readonly #config: AdmissionConfig;
  readonly #networks: Networks;
  readonly #domains: ReadonlySet<string>;
  /** `.example.net` for `*.example.net`. */
  readonly #domainSuffixes: readonly string[];

  constructor(config: AdmissionConfig) {
    this.#config = config;
    this.#networks = new Networks(config.trustedNetworks);
    const domains = config.localDomains.map((domain) => domain.toLowerCase());
    this.#domains = new Set(domains.filter((domain) => !domain.startsWith("*.")));
    this.#domainSuffixes = domains.filter((d) => d.startsWith("*.")).map((d) => d.slice(1));
  }

  /** Whether the host may submit without AUTH. */
  isTrusted(address: string): boolean {
    return this.#networks.has(address);
  }

  /** May the client begin a transaction? */
  admitMail(client: Standing): Verdict {
    if (this.#config.kind === "inbound") return "admitted";
    if (client.isAuthenticated || client.isTrusted) return "admitted";
    return this.#config.auth === "never" ? notForYou : authenticationRequired;
  }

  /** May mail for this forward-path be taken from the client? */
  admitRecipient(forwardPath: ForwardPath, client: Standing): Verdict {
    if (this.#config.kind === "submission") return this.admitMail(client);
    // RFC 5321 §4.5.1: <Postmaster> without a domain is always taken.
    if ("postmaster" in forwardPath) return "admitted";
    return this.#isLocal(forwardPath) ? "admitted" : relayingDenied;
  }

  #isLocal(mailbox: Mailbox): boolean {
    // RFC 5321 §4.1.3: mail for a literal is ours only when it is our address; we take none.
    if (!("domain" in mailbox)) return false;
    const domain: Domain = mailbox.domain;
    return this.#domains.has(domain) || this.#domainSuffixes.some((s) => domain.endsWith(s));
  }
}

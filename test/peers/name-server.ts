/** What a name server says: answers from a zone, and misbehaves on request. */
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type Question,
  RECURSION_AVAILABLE,
  TRUNCATED_RESPONSE,
} from "dns-packet";
import { type RecordType, Zone } from "#lib/dns/zone";

export type DnsFault =
  | "drop"
  | "servfail"
  | "refused"
  | "formerr"
  /** FORMERR without the question, for a query with EDNS; a proper answer without. */
  | "noEdns"
  /** By UDP truncated and empty; complete by TCP. */
  | "truncate"
  /** By UDP truncated; TCP closes without an answer. */
  | "truncateOnly"
  /** Cut within a record, with the flag set, as some servers do. */
  | "cut"
  /** Three wrong ones (id, question, rubbish), then the right one. */
  | "spoofed"
  /** Only such as do not answer the question. */
  | "spoofedOnly"
  /** The right header and question, rubbish behind. */
  | "malformed"
  /** The question comes back in lower case. */
  | "lowerCase"
  /** Each CNAME alone: the resolver has to ask for its target. */
  | "stepwise"
  /** NS records instead of an answer. */
  | "referral"
  /** Negative answers without SOA. */
  | "noSoa";

export interface SeenQuery {
  readonly name: string;
  readonly type: string;
  readonly protocol: "udp" | "tcp";
  readonly port: number;
  readonly withEdns: boolean;
}

export interface From {
  readonly protocol: "udp" | "tcp";
  readonly port: number;
}

interface Asked extends SeenQuery {
  readonly id: number;
  /** As it was written. */
  readonly question: Question;
}

const codes: Partial<Record<DnsFault, number>> = { servfail: 2, refused: 5, formerr: 1 };
const aliasesMax = 20;
export const negativeTtlSeconds = 60;

export class NameServer {
  readonly zone = new Zone();
  readonly seen: SeenQuery[] = [];
  readonly #faults = new Map<string, DnsFault>();
  #faultOfAll: DnsFault | undefined;

  /** Queries for the name are dealt with so; without a name, all are. */
  misbehave(fault: DnsFault, name?: string): this {
    if (name === undefined) this.#faultOfAll = fault;
    else this.#faults.set(name, fault);
    return this;
  }

  behave(): void {
    this.#faults.clear();
    this.#faultOfAll = undefined;
  }

  /** All that it sends for this query, in order. */
  answersTo(bytes: Uint8Array, from: From): Uint8Array[] {
    const asked = askedIn(bytes, from);
    this.seen.push(asked);
    return this.#answers(asked, this.#faults.get(asked.name) ?? this.#faultOfAll);
  }

  #answers(asked: Asked, fault: DnsFault | undefined): Uint8Array[] {
    const code = fault === undefined ? undefined : codes[fault];
    if (code !== undefined) return [message(asked, { code })];
    const isUdp = asked.protocol === "udp";
    switch (fault) {
      case "drop":
        return [];
      case "noEdns":
        return [asked.withEdns ? headerOnly(asked, 1) : this.#proper(asked, fault)];
      case "truncate":
        return [isUdp ? message(asked, { isTruncated: true }) : this.#proper(asked, fault)];
      case "truncateOnly":
        return isUdp ? [message(asked, { isTruncated: true })] : [];
      case "cut":
        return [isUdp ? cut(this.#proper(asked, fault)) : this.#proper(asked, fault)];
      case "spoofed":
        return [...spoofs(asked), this.#proper(asked, fault)];
      case "spoofedOnly":
        return spoofs(asked);
      case "malformed":
        return [malformed(asked)];
      case "lowerCase": {
        const lower = { ...asked, question: { ...asked.question, name: asked.name } };
        return [this.#proper(isUdp ? lower : asked, fault)];
      }
      case "referral":
        return [referral(asked)];
      default:
        return [this.#proper(asked, fault)];
    }
  }

  #proper(asked: Asked, fault: DnsFault | undefined): Uint8Array {
    const type = typeOf(asked.type);
    const answers: Answer[] = [];
    let at = asked.name;
    for (let aliases = 0; aliases < aliasesMax && type !== undefined; aliases++) {
      const found = this.zone.find(at, type);
      if (found.kind === "records") {
        answers.push(...recordsOf(this.zone, at, type));
        return message(asked, { answers });
      }
      if (found.kind !== "alias") {
        const code = found.kind === "nxdomain" ? 3 : 0;
        const authorities = fault === "noSoa" ? [] : [soa(at)];
        return message(asked, { answers, authorities, code });
      }
      const ttl = found.ttlMs / 1_000;
      answers.push({ type: "CNAME", name: at, ttl, data: found.target });
      if (fault === "stepwise") return message(asked, { answers });
      at = found.target;
    }
    return message(asked, { answers });
  }
}

function askedIn(bytes: Uint8Array, from: From): Asked {
  const packet = decode(Buffer.from(bytes));
  const question = packet.questions?.[0];
  if (question === undefined) throw new Error("Cannot answer a query without a question");
  const name = question.name.toLowerCase();
  const withEdns = (packet.additionals ?? []).some(({ type }) => type === "OPT");
  return { id: packet.id ?? 0, question, name, type: question.type, withEdns, ...from };
}

interface MessageParts {
  readonly answers?: readonly Answer[];
  readonly authorities?: readonly Answer[];
  readonly code?: number;
  readonly isTruncated?: boolean;
}

function message(asked: Asked, parts: MessageParts): Uint8Array {
  const truncated = parts.isTruncated ? TRUNCATED_RESPONSE : 0;
  return encode({
    type: "response",
    id: asked.id,
    flags: RECURSION_AVAILABLE | truncated | (parts.code ?? 0),
    questions: [asked.question],
    answers: [...(parts.answers ?? [])],
    authorities: [...(parts.authorities ?? [])],
  });
}

function referral(asked: Asked): Uint8Array {
  const authorities: Answer[] = [{ type: "NS", name: "example", ttl: 60, data: "ns.example" }];
  const bytes = message(asked, { authorities });
  bytes[3] = 0; // No recursion.
  return bytes;
}

function headerOnly(asked: Asked, code: number): Uint8Array {
  const flags = AUTHORITATIVE_ANSWER | code;
  return encode({ type: "response", id: asked.id, flags, questions: [] });
}

/** Leaves the header, the question and half a record. */
function cut(bytes: Uint8Array): Uint8Array {
  const half = bytes.slice(0, bytes.length - 5);
  half[2] = (half[2] ?? 0) | (TRUNCATED_RESPONSE >> 8);
  return half;
}

function malformed(asked: Asked): Uint8Array {
  const bytes = Buffer.concat([message(asked, {}), Buffer.from([0xc0, 0xff, 0xff])]);
  bytes[7] = 9; // So many answers.
  return bytes;
}

function spoofs(asked: Asked): Uint8Array[] {
  const forged: Answer[] = [{ type: "A", name: asked.name, ttl: 60, data: "203.0.113.66" }];
  const otherId = { ...asked, id: asked.id ^ 1 };
  const otherQuestion = { ...asked, question: { ...asked.question, name: "other.example" } };
  const asQuery = message(asked, { answers: forged });
  asQuery[2] = (asQuery[2] ?? 0) & 0x7f;
  return [
    message(otherId, { answers: forged }),
    message(otherQuestion, { answers: forged }),
    asQuery,
    new Uint8Array([1, 2, 3]),
    new Uint8Array(0),
  ];
}

function soa(name: string): Answer {
  const zone = name.slice(name.indexOf(".") + 1);
  return {
    type: "SOA",
    name: zone,
    ttl: 3_600,
    data: {
      mname: `ns.${zone}`,
      rname: `hostmaster.${zone}`,
      serial: 1,
      refresh: 1,
      retry: 1,
      expire: 1,
      minimum: negativeTtlSeconds,
    },
  };
}

type AskedType = Exclude<RecordType, "cname">;

const types: Readonly<Record<string, AskedType>> = { MX: "mx", A: "a", AAAA: "aaaa", TXT: "txt" };

function typeOf(text: string): AskedType | undefined {
  return types[text];
}

function recordsOf(zone: Zone, name: string, type: AskedType): Answer[] {
  switch (type) {
    case "mx": {
      const found = zone.find(name, "mx");
      if (found.kind !== "records") return [];
      return found.records.map(({ preference, exchange }) => {
        const data = { preference, exchange: exchange === "" ? "." : exchange };
        return { type: "MX", name, ttl: found.ttlMs / 1_000, data };
      });
    }
    case "txt": {
      const found = zone.find(name, "txt");
      if (found.kind !== "records") return [];
      return found.records.map((strings) => {
        return { type: "TXT", name, ttl: found.ttlMs / 1_000, data: [...strings] };
      });
    }
    default: {
      const found = zone.find(name, type);
      if (found.kind !== "records") return [];
      return found.records.map((data) => {
        return { type: type === "a" ? "A" : "AAAA", name, ttl: found.ttlMs / 1_000, data };
      });
    }
  }
}

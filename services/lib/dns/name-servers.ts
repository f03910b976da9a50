/** Asks name servers until one answers: other servers, another round, TCP, no EDNS. */
import { assert } from "../assert.ts";
import type { Clock } from "../clock.ts";
import type { Endpoint } from "../net/transport.ts";
import { Fifo } from "../queue/fifo.ts";
import type { Random } from "../random.ts";
import type { Exchange, Exchanged, Waiting } from "./exchange.ts";
import {
  isResponseTo,
  makeQuery,
  type Query,
  type Question,
  type Response,
  readResponse,
} from "./query.ts";
import { faultOf } from "./response.ts";

export interface NameServersOptions {
  /** In the order of preference. */
  readonly servers: readonly Endpoint[];
  /** For one server to answer one query. */
  readonly timeoutMs: number;
  /** Rounds through the servers. */
  readonly attempts: number;
  readonly isRotating: boolean;
  readonly inFlightMax: number;
  /** Questions that wait for one in flight to end. */
  readonly waitingMax: number;
}

export interface NameServersPorts {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly random: Random;
}

export type Asked =
  | { readonly kind: "response"; readonly response: Response }
  | { readonly kind: "failure"; readonly reason: string };

/** `silent`: no answer, which another round may bring; `unable`: an answer, but of no use. */
type ServerAnswer =
  | { readonly kind: "response"; readonly response: Response }
  | { readonly kind: "silent" | "unable"; readonly reason: string };

interface Server {
  readonly endpoint: Endpoint;
  /** On the monotonic clock: until then others are asked first. */
  avoidUntil: number;
}

interface Waiter {
  readonly since: number;
  readonly enter: (isLate: boolean) => void;
}

/**
 * A server that was silent is asked last for so long: each query would wait for its timeout anew.
 */
const avoidMs = 30_000;
/**
 * Who waited longer than this for its turn gets a failure: while DNS is away the line must not grow
 * old.
 */
const turnMaxMs = 10_000;
const formatError = 1;

export class NameServers {
  readonly #options: NameServersOptions;
  readonly #ports: NameServersPorts;
  readonly #servers: Server[];
  readonly #waiting = new Fifo<Waiter>();
  #inFlight = 0;

  constructor(options: NameServersOptions, ports: NameServersPorts) {
    assert(options.servers.length > 0, "there must be somebody to ask");
    assert(options.attempts > 0 && options.inFlightMax > 0, "no limit of a resolver is zero");
    this.#options = options;
    this.#ports = ports;
    this.#servers = options.servers.map((endpoint) => ({ endpoint, avoidUntil: 0 }));
  }

  get inFlightCount(): number {
    return this.#inFlight;
  }

  async ask(question: Question): Promise<Asked> {
    if (this.#waiting.length >= this.#options.waitingMax) return failure("the resolver is busy");
    const isLate = await this.#turn();
    try {
      return isLate ? failure("the resolver is busy") : await this.#askRounds(question);
    } finally {
      this.#leave();
    }
  }

  async #askRounds(question: Question): Promise<Asked> {
    const unable = new Set<Server>();
    let reason = "";
    for (let attempt = 0; attempt < this.#options.attempts; attempt++) {
      for (const server of this.#inOrder()) {
        if (unable.has(server)) continue;
        const answer = await this.#askServer(server.endpoint, question);
        if (answer.kind === "response") {
          server.avoidUntil = 0;
          return answer;
        }
        if (answer.kind === "unable") unable.add(server);
        else server.avoidUntil = this.#ports.clock.monotonic() + avoidMs;
        reason = answer.reason;
      }
    }
    return failure(`${question.type} ${question.name}: ${reason}`);
  }

  #inOrder(): Server[] {
    const { clock, random } = this.#ports;
    const first = this.#options.isRotating ? random.below(this.#servers.length) : 0;
    const rotated = [...this.#servers.slice(first), ...this.#servers.slice(0, first)];
    const now = clock.monotonic();
    return rotated.sort((a, b) => Number(a.avoidUntil > now) - Number(b.avoidUntil > now));
  }

  async #askServer(server: Endpoint, question: Question): Promise<ServerAnswer> {
    const { random } = this.#ports;
    const answer = await this.#askOnce(server, makeQuery(question, { random, withEdns: true }));
    // RFC 6891 §7: a server that does not know of EDNS says FORMERR.
    if (answer.kind === "response" && answer.response.code === formatError) {
      const plain = makeQuery(question, { random, withEdns: false });
      return onlyAnswering(await this.#askOnce(server, plain));
    }
    return onlyAnswering(answer);
  }

  async #askOnce(server: Endpoint, query: Query): Promise<ServerAnswer> {
    const { exchange } = this.#ports;
    const waiting: Waiting = {
      timeoutMs: this.#options.timeoutMs,
      isAnswer: (bytes) => isResponseTo(query, bytes),
    };
    const reading = read(query, await exchange.udp(server, query.bytes, waiting));
    if (reading.kind !== "truncated" && reading.kind !== "otherCase") return reading;
    const second = read(query, await exchange.tcp(server, query.bytes, waiting));
    // A server that answers by UDP but not by TCP is there: another round would end the same.
    if (second.kind === "silent") return { kind: "unable", reason: `${second.reason} (TCP)` };
    if (second.kind !== "truncated" && second.kind !== "otherCase") return second;
    return { kind: "unable", reason: `${reading.kind} response (TCP)` };
  }

  /** True when it took too long. */
  #turn(): boolean | Promise<boolean> {
    if (this.#inFlight < this.#options.inFlightMax) {
      this.#inFlight += 1;
      return false;
    }
    const since = this.#ports.clock.monotonic();
    return new Promise((enter) => this.#waiting.push({ since, enter }));
  }

  /** Hands the place on, or gives it up. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#inFlight -= 1;
    else next.enter(this.#ports.clock.monotonic() - next.since > turnMaxMs);
  }
}

type OnceRead = ServerAnswer | { readonly kind: "truncated" } | { readonly kind: "otherCase" };

function read(query: Query, exchanged: Exchanged): OnceRead {
  if (!exchanged.ok) return { kind: "silent", reason: exchanged.reason };
  const reading = readResponse(query, exchanged.bytes);
  if (reading.kind === "malformed") return { kind: "unable", reason: "malformed response" };
  return reading;
}

function onlyAnswering(answer: ServerAnswer): ServerAnswer {
  const reason = answer.kind === "response" ? faultOf(answer.response) : undefined;
  return reason === undefined ? answer : { kind: "unable", reason };
}

function failure(reason: string): Asked {
  return { kind: "failure", reason };
}

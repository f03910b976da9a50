/**
 * What holders of shared limits and their homes say to each other over the bus (ADR 0013): questions
 * for shares, that a turn has come, and the roll call of a new home. As arrays: a new field is added
 * at the end, and who does not know it ignores it.
 */
import type { BusRequest, Json } from "#lib/leases/bus";
import type { ConnectionAnswer, ConnectionAsk, RateAnswer, RateAsk } from "#lib/limits/share";
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import { readIncarnation } from "../lease.ts";
import {
  readAmount,
  readArray,
  readChoice,
  readCount,
  readShard,
  readText,
  refuse,
} from "../record.ts";

export const quotaVersion = 1;

/** Asked of a limit's home; the answer is one for each question, in their order. */
export const askVerb = "quota.ask";
/** Told to a holder: a question under these keys would be given something. */
export const turnVerb = "quota.turn";
/** Told to a holder: others want connections under these keys; what it has idle it is to give up. */
export const wantedVerb = "quota.wanted";
/** Asked of a worker by a new home: what has it open? */
export const rollVerb = "quota.roll";

/** A question under one key, and the limit's value as the holder knows it. */
export type QuotaAsk =
  | {
      readonly kind: "rate";
      readonly key: string;
      readonly ask: Omit<RateAsk, "holder">;
      readonly perMs: number;
      readonly burst: number;
    }
  | {
      readonly kind: "connections";
      readonly key: string;
      readonly ask: Omit<ConnectionAsk, "holder">;
      readonly max: number;
    };

export interface QuotaQuestion {
  readonly holder: Incarnation;
  readonly asks: readonly QuotaAsk[];
}

/** Undefined: this question was not taken. */
export type QuotaAnswer = RateAnswer | ConnectionAnswer | undefined;

/** Written as their index: only ever add at the end. */
const kinds = ["rate", "connections"] as const;
const answerKinds = ["none", "silent", "rate", "connections"] as const;

export function isQuotaVerb(verb: string): boolean {
  return verb.startsWith("quota.");
}

export function quotaQuestion({ holder, asks }: QuotaQuestion): BusRequest {
  return request(askVerb, { holder, asks: asks.map(askValue) });
}

/** @throws {UndecodableRecord} */
export function readQuotaQuestion({ arguments: told }: BusRequest): QuotaQuestion {
  mustBeKnown(told.v);
  return { holder: readIncarnation(told.holder), asks: readAsks(told.asks) };
}

export function quotaAnswers(answers: readonly QuotaAnswer[]): Json {
  return { v: quotaVersion, answers: answers.map(answerValue) };
}

/** @throws {UndecodableRecord} */
export function readQuotaAnswers(value: Json): readonly QuotaAnswer[] {
  return readArray(fieldsOf(value).answers, "quota's answers").map(readAnswer);
}

export function turnCome(keys: readonly string[]): BusRequest {
  return request(turnVerb, { keys });
}

export function connectionsWanted(keys: readonly string[]): BusRequest {
  return request(wantedVerb, { keys });
}

/** The keys of a turn, or of what others want. @throws {UndecodableRecord} */
export function readTurn({ arguments: told }: BusRequest): readonly string[] {
  mustBeKnown(told.v);
  return readArray(told.keys, "turn's keys").map((key) => readText(key, "turn's key"));
}

export function rollCall(home: Shard): BusRequest {
  return request(rollVerb, { home });
}

/** @throws {UndecodableRecord} */
export function readRollCall({ arguments: told }: BusRequest): Shard {
  mustBeKnown(told.v);
  return readShard(told.home, "roll's home");
}

/** All under which a worker has connections of that home open, or could open one. */
export function rollAnswer(asks: readonly QuotaAsk[]): Json {
  return { v: quotaVersion, asks: asks.map(askValue) };
}

/** @throws {UndecodableRecord} */
export function readRollAnswer(value: Json): readonly QuotaAsk[] {
  return readAsks(fieldsOf(value).asks);
}

function request(verb: string, fields: { readonly [key: string]: Json }): BusRequest {
  return { verb, arguments: { v: quotaVersion, ...fields } };
}

function askValue(of: QuotaAsk): readonly Json[] {
  const { key, ask } = of;
  const head = [kinds.indexOf(of.kind), key, ask.number, ask.wanted];
  if (of.kind === "connections") return [...head, of.ask.open, of.max];
  return [...head, of.ask.largest, of.ask.unspent, of.perMs, of.burst];
}

function readAsks(value: unknown): readonly QuotaAsk[] {
  return readArray(value, "quota's questions").map((ask) => readAsk(readArray(ask, "question")));
}

function readAsk([kind, key, number, wanted, ...rest]: readonly unknown[]): QuotaAsk {
  const common = {
    number: readCount(number, "question's number"),
    wanted: readAmount(wanted, "what is wanted"),
  };
  const under = readText(key, "question's key");
  if (readChoice(kinds, kind, "question's kind") === "connections") {
    const [open, max] = rest;
    const ask = { ...common, open: readCount(open, "what is open") };
    return { kind: "connections", key: under, ask, max: readCount(max, "limit") };
  }
  const [largest, unspent, perMs, burst] = rest;
  const ask = {
    ...common,
    largest: readAmount(largest, "the largest"),
    unspent: readAmount(unspent, "what is unspent"),
  };
  const rate = { perMs: readPositive(perMs, "rate"), burst: readPositive(burst, "burst") };
  return { kind: "rate", key: under, ask, ...rate };
}

function answerValue(answer: QuotaAnswer): readonly Json[] {
  if (answer === undefined) return [answerKinds.indexOf("none")];
  const { number } = answer;
  if (answer.kind === "silent") return [answerKinds.indexOf("silent"), number, answer.forMs];
  if ("max" in answer) return [answerKinds.indexOf("connections"), number, answer.max];
  const { perMs, burst, tokens } = answer;
  return [answerKinds.indexOf("rate"), number, perMs, burst, tokens];
}

function readAnswer(value: unknown): QuotaAnswer {
  const [word, told, ...rest] = readArray(value, "quota's answer");
  const kind = readChoice(answerKinds, word, "answer's kind");
  if (kind === "none") return undefined;
  const number = readCount(told, "answer's number");
  const [first, burst, tokens] = rest;
  switch (kind) {
    case "silent":
      return { kind, number, forMs: readAmount(first, "silence") };
    case "connections":
      return { kind: "share", number, max: readCount(first, "share") };
    case "rate":
      return {
        kind: "share",
        number,
        perMs: readAmount(first, "share's rate"),
        burst: readAmount(burst, "share's burst"),
        tokens: readAmount(tokens, "share's tokens"),
      };
  }
}

function readPositive(value: unknown, what: string): number {
  const amount = readAmount(value, what);
  return amount > 0 ? amount : refuse(what, "it lets nothing through");
}

function fieldsOf(value: Json): { readonly [key: string]: unknown } {
  const isFields = typeof value === "object" && value !== null && !Array.isArray(value);
  const fields = isFields
    ? Object.fromEntries(Object.entries(value))
    : refuse("quota", "no fields");
  mustBeKnown(fields.v);
  return fields;
}

function mustBeKnown(version: unknown): void {
  if (version !== quotaVersion) refuse("quota", `version ${String(version)} is not known`);
}

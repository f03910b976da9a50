import { expect, test } from "bun:test";
import type { SuppressionId } from "#lib/suppression/suppression";
import { destination } from "../test/support/records.ts";
import {
  isRecordsVerb,
  type RecordsRequest,
  readRecordsRequest,
  recordsRequest,
} from "./records-request.ts";

type WithAddresses = { entries: unknown } | { ids: unknown } | { id: SuppressionId };

const asked: readonly Exclude<RecordsRequest, WithAddresses>[] = [
  { verb: "records.holds" },
  {
    verb: "records.putHold",
    hold: { destination: destination("a.example"), reason: "moving", since: 1 },
  },
  { verb: "records.dropHold", destination: destination("a.example") },
  { verb: "records.bounces", limit: 5 },
  {
    verb: "records.bounces",
    destination: destination("a.example"),
    recipient: "B@a.example",
    tenant: "acme",
    campaign: "spring",
    class: "quota",
    since: 7,
    until: 9,
    after: "cursor",
    limit: 5,
  },
  { verb: "records.countBounces", tenant: "acme", since: 7 },
  { verb: "records.unknownBounces", until: 7, limit: 5 },
  { verb: "records.parked", limit: 1 },
];

test.each(asked)("%j arrives as it was asked", (request) => {
  const sent = recordsRequest(request);
  expect(isRecordsVerb(sent.verb)).toBe(true);
  expect(readRecordsRequest(sent)).toEqual(request);
});

test("a field of a later version is ignored", () => {
  const later = { verb: "records.parked", arguments: { limit: 1, tenant: "acme" } };
  expect(readRecordsRequest(later)).toEqual({ verb: "records.parked", limit: 1 });
});

test("entries of the suppression list arrive as the store has them", () => {
  const entry = { address: "Joe@example.com", tenant: "acme", reason: "by-hand", at: 7 };
  const { address: _, ...rest } = entry;
  const read = readRecordsRequest(
    recordsRequest({ verb: "records.putSuppressions", entries: [entry] }),
  );
  const key = expect.stringMatching(/^joe@example\.com$/);
  expect(read).toEqual({ verb: "records.putSuppressions", entries: [{ key, ...rest }] });
  const ids = [{ address: "example.com" }];
  expect(readRecordsRequest(recordsRequest({ verb: "records.findSuppressions", ids }))).toEqual({
    verb: "records.findSuppressions",
    ids: [{ key: expect.stringMatching(/^@example\.com$/) }],
  });
});

test.each([
  ["records.all", {}],
  ["records.parked", { limit: 0 }],
  ["records.bounces", { class: "bad-luck", limit: 1 }],
  ["records.bounces", { queueId: "x", limit: 1 }],
  ["records.dropHold", { destination: "a b" }],
])("%s with %j is refused", (verb, rest) => {
  expect(() => readRecordsRequest({ verb, arguments: rest })).toThrow(`Cannot read ${verb}`);
  const id = { address: "example.com" };
  expect(readRecordsRequest(recordsRequest({ verb: "records.suppressionsOf", id }))).toEqual({
    verb: "records.suppressionsOf",
    id: { key: expect.stringMatching(/^@example\.com$/) },
  });
});

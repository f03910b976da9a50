import { describe, expect, test } from "bun:test";
import { destination, shard, uid } from "../test/support/records.ts";
import {
  type AdminAnswer,
  type AdminVerb,
  adminAnswer,
  adminRequest,
  BadAdminMessage,
  isAdminVerb,
  listLimitMax,
  parseDestination,
  parseMessageId,
  readAdminAnswer,
  readAdminArguments,
} from "./admin.ts";

const id = "01JDF8Z5T0ABCDEFGHJKMNPQRS";
const listed: AdminAnswer<"queue.list"> = {
  units: [
    {
      uid: uid(`${id}.0`),
      destination: destination("example.com"),
      shard: shard(3),
      reversePath: "",
      recipients: [{ path: "b@example.com", status: "4.2.2", code: 452, text: "full", at: 1 }],
      state: "deferred",
      sizeBytes: 10,
      attempts: 2,
      acceptedAt: 1,
      expiresAt: 2,
      nextAttemptAt: 3,
      tenant: undefined,
      isNotification: false,
    },
  ],
};

describe("arguments", () => {
  test("arrive as they were asked", () => {
    const request = adminRequest("queue.list", { after: uid(`${id}.0`), limit: 5 });
    expect(readAdminArguments("queue.list", request.arguments)).toEqual({
      after: uid(`${id}.0`),
      limit: 5,
    });
  });

  test("that are undefined do not travel", () => {
    const request = adminRequest("queue.summary", { destination: undefined });
    expect(request).toStrictEqual({ verb: "queue.summary", arguments: {} });
  });

  test("of a newer version are read as far as they are known", () => {
    const newer = { destination: "example.com", tenant: "acme" };
    expect(readAdminArguments("queue.cancel", newer)).toEqual({
      destination: destination("example.com"),
    });
  });

  const faults: [string, AdminVerb, unknown][] = [
    ["nothing selected", "queue.cancel", {}],
    ["no object", "queue.cancel", null],
    ["an id that is none", "queue.retry", { id: "x" }],
    ["a destination with a capital", "queue.hold", { destination: "A", reason: "", since: 1 }],
    ["a hold without a reason", "queue.hold", { destination: "a", since: 1 }],
    ["a limit of none", "queue.list", { limit: 0 }],
    ["a limit beyond ours", "queue.list", { limit: listLimitMax + 1 }],
    ["an after that is a queue id", "queue.list", { limit: 1, after: id }],
  ];
  test.each(faults)("with %s are refused", (_, verb, value) => {
    expect(() => readAdminArguments(verb, value)).toThrow(BadAdminMessage);
  });
});

describe("answers", () => {
  test("arrive as they were given", () => {
    const answer = readAdminAnswer("queue.list", adminAnswer("queue.list", listed));
    expect(answer).toEqual(listed);
  });

  test("that are no JSON of ours are refused, and the message says where", () => {
    const bad = { units: [{ ...listed.units[0], state: "lost" }] };
    const readBad = () => readAdminAnswer("queue.list", bad);
    expect(readBad).toThrow(BadAdminMessage);
    expect(readBad).toThrow("Cannot read answer to queue.list");
    expect(readBad).toThrow("units[0].state");
  });
});

test.each([
  ["queue.summary", true],
  ["queue.shred", false],
  ["toString", false],
] as const)("that %p is a verb of ours is %p", (verb, isOne) => {
  expect(isAdminVerb(verb)).toBe(isOne);
});

test.each([
  ["Example.COM", "example.com"],
  ["bücher.example", "xn--bcher-kva.example"],
  ["[192.0.2.1]", "[192.0.2.1]"],
  ["a b", undefined],
  ["", undefined],
])("parseDestination(%p) is %p", (text, parsed) => {
  expect<string | undefined>(parseDestination(text)).toBe(parsed);
});

test.each([
  [id, id],
  [id.toLowerCase(), id],
  [`${id}.12`, `${id}.12`],
  [`${id}.`, undefined],
  ["01JDF", undefined],
  [`${id}.0.0`, undefined],
])("parseMessageId(%p) is %p", (text, parsed) => {
  expect<string | undefined>(parseMessageId(text)).toBe(parsed);
});

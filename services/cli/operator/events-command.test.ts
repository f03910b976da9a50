import { beforeEach, describe, expect, test } from "bun:test";
import { type EventRecord, encodeEventRecord } from "#proto/event-record";
import { FakeIo } from "../../../test/support/cli/fake-io.ts";
import { NotedRoles } from "../../../test/support/cli/noted-roles.ts";
import { eventOf } from "../../../test/support/events/event-records.ts";
import { runGodwit } from "../program.ts";

let io: FakeIo;
let roles: NotedRoles;

beforeEach(() => {
  io = new FakeIo();
  roles = new NotedRoles();
});

const uid = "01JDF8Z5T0ABCDEFGHJKMNPQRS.0";
const bounce: EventRecord = {
  ...eventOf(3, "bounce"),
  uid,
  destination: "b.example",
  tenant: "acme",
  code: 550,
  status: "5.1.1",
  text: "no such\u001b[2J user",
  remoteHost: "mx.b.example",
  remoteAddress: "192.0.2.1",
  bounceClass: "bad-mailbox",
};
const hold: EventRecord = {
  ...eventOf(0, "admin"),
  recipient: undefined,
  attempt: undefined,
  destination: "c.example",
  action: "hold",
  reason: "they asked",
};
const dropped: EventRecord = {
  v: 1,
  kind: "dropped",
  eventId: "x",
  at: "T",
  node: "n",
  dropped: 7,
};

async function follow(...args: readonly string[]): Promise<string[]> {
  roles.eventLines = [bounce, hold, dropped].map((event) => encodeEventRecord(event).trimEnd());
  expect(await runGodwit(["events", "follow", ...args], io, roles)).toBe(0);
  return io.stdout.split("\n").slice(0, -1);
}

describe("godwit events follow", () => {
  test("prints a line for each, safe for a terminal", async () => {
    expect(await follow()).toEqual([
      `2023-11-14T22:13:20.003Z  bounce       ${uid}  <b@b.example>  try 3  mx.b.example[192.0.2.1]  bad-mailbox  550 5.1.1 no such [2J user`,
      "2023-11-14T22:13:20.000Z  admin        c.example  hold  they asked",
      "T  dropped      7 events before this one are missing",
    ]);
    expect(roles.followed[0]).toMatchObject({ kinds: [], from: "end" });
  });

  test("--json prints the records as they are", async () => {
    const lines = await follow("--json");
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      [bounce, hold, dropped].map((event) => JSON.parse(JSON.stringify(event))),
    );
    expect(io.stdout).not.toContain("\u001b");
  });

  test.each([
    [
      ["--kind", "admin", "dropped"],
      ["admin", "dropped"],
    ],
    [["--destination", "B.example"], ["bounce"]],
    [["--tenant", "acme"], ["bounce"]],
    [["--tenant", "other"], []],
    [["--kind", "admin", "--tenant", "acme"], []],
  ])("%p chooses %p", async (args, kinds) => {
    const lines = await follow(...args, "--json");
    expect(lines.map((line) => JSON.parse(line).kind)).toEqual(kinds);
  });

  test("--all begins with the oldest, and kinds are told to who reads", async () => {
    await follow("--all", "--kind", "bounce");
    expect(roles.followed[0]).toMatchObject({ kinds: ["bounce"], from: "start" });
  });

  test("what is not understood is told, and the others follow", async () => {
    roles.eventLines = ['{"v":9}', encodeEventRecord(hold).trimEnd()];
    expect(await runGodwit(["events", "follow"], io, roles)).toBe(0);
    expect(io.stderr).toBe('Not understood: {"v":9}\n');
    expect(io.stdout).toContain("they asked");
  });

  test("an unknown kind is a wrong question", async () => {
    expect(await runGodwit(["events", "follow", "--kind", "bounces"], io, roles)).toBe(2);
    expect(io.stderr).toContain('"bounces" is none of reception, transient');
  });
});

import { expect, test } from "bun:test";
import { RecordedEvents } from "../../../test/support/events/recorded-events.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { destination, queueId, uid } from "../../../test/support/records.ts";
import { CommandEvents } from "./command-events.ts";

const clock = new ManualClock(Date.parse("2026-11-28T15:26:25.123Z"));
const id = "01JDF8Z5T0ABCDEFGHJKMNPQRS";
const head = { v: 1, kind: "admin", at: "2026-11-28T15:26:25.123Z", node: "mta1.example.net" };

test("a command is one event, with what it was about", () => {
  const events = new RecordedEvents();
  const commands = new CommandEvents({ events, clock });
  const to = destination("b.example");
  commands.tell("queue.hold", { destination: to, reason: "they asked", units: 17 });
  commands.tell("queue.release", { destination: to, reason: "", units: 0 });
  commands.tell("queue.retry", { id: queueId(id), units: 1 });
  commands.tell("queue.cancel", { id: uid(`${id}.2`), units: 1 });
  const told = events.records.map(({ eventId, ...rest }) => JSON.parse(JSON.stringify(rest)));
  expect(told).toEqual([
    { ...head, action: "hold", destination: "b.example", reason: "they asked", units: 17 },
    { ...head, action: "release", destination: "b.example", units: 0 },
    { ...head, action: "retry", queueId: id, units: 1 },
    { ...head, action: "cancel", queueId: id, uid: `${id}.2`, units: 1 },
  ]);
  expect(new Set(events.records.map(({ eventId }) => eventId)).size).toBe(4);
});

test("nothing is made for whom it is of no interest, nor without a sink", () => {
  const events = new RecordedEvents(["delivery"]);
  new CommandEvents({ events, clock }).tell("queue.hold", { units: 0 });
  new CommandEvents({ clock }).tell("queue.hold", { units: 0 });
  expect(events.records).toEqual([]);
});

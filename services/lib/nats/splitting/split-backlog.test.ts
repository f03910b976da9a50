import { expect, test } from "bun:test";
import { JetStreamApiError, type JetStreamManager } from "@nats-io/jetstream";
import { clusterNames } from "#proto/subjects";
import { failureOf } from "../../../../test/support/failure.ts";
import { splitBacklog } from "./split-backlog.ts";

const firstAt = "2026-11-28T12:00:00.000Z";
const toldAt = "2026-11-28T12:00:07.500Z";

/** Of a stream with so many messages, and a consumer that has handed out so many. */
function backlogOf(messages: number, handed: number | Error) {
  const manager = {
    streams: { info: async () => ({ ts: toldAt, state: { messages, first_ts: firstAt } }) },
    consumers: {
      info: async () => {
        if (handed instanceof Error) throw handed;
        return { num_ack_pending: handed };
      },
    },
  } as unknown as JetStreamManager;
  return splitBacklog({ manager, names: clusterNames() });
}

const apiError = (code: number) =>
  new JetStreamApiError({ code: 404, err_code: code, description: "not there" });

test.each([
  ["nothing", 0, 0, { waiting: 0, inFlight: 0 }],
  ["some with a worker, some not", 5, 2, { waiting: 3, inFlight: 2, oldestMs: 7_500 }],
  ["fewer than were handed out a moment ago", 1, 2, { waiting: 0, inFlight: 1, oldestMs: 7_500 }],
  ["with no worker yet", 4, apiError(10_014), { waiting: 4, inFlight: 0, oldestMs: 7_500 }],
])("%s", async (_, messages, handed, expected) => {
  expect(await backlogOf(messages, handed)).toEqual(expected);
});

test("what NATS cannot say is an error", async () => {
  expect(await failureOf(backlogOf(4, apiError(10_008)))).toBeInstanceOf(JetStreamApiError);
});

/** What stands between a submission and the queue, where the API's tests do not reach. */
import { expect, test } from "bun:test";
import { noEvents } from "#lib/events/event-sink";
import { makeQueueId, siblingId } from "#lib/queue/queue-id";
import { seededRandom } from "#lib/random";
import { type PathText, parseMailbox } from "#lib/smtp/path";
import { MemoryLog } from "#lib/stream/memory";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { edgeConfig } from "../../../../test/support/edge/edge-config.ts";
import { RecordingIntake } from "../../../../test/support/recording-intake.ts";
import { defaultEdgeLimits, serverLimits } from "../../config.ts";
import { Load } from "../../load.ts";
import { noMetrics } from "../../metrics.ts";
import { Receiver } from "../../receiver.ts";
import type { Submission } from "./submission.ts";
import { Submitter } from "./submitter.ts";

const clock = new VirtualClock();
const random = seededRandom(1);
const id = makeQueueId(clock.now(), random);

function bench(contentBytesMax = defaultEdgeLimits.contentBytesMax) {
  const intake = new RecordingIntake(new MemoryLog({ clock, shards: 4 }).intake());
  const load = new Load({ ...defaultEdgeLimits, contentBytesMax }, noMetrics);
  const ports = { clock, random, log: silentLog, metrics: noMetrics, events: noEvents };
  const receiver = new Receiver(edgeConfig(), { ...ports, intake });
  const hostname = "edge.example";
  return { intake, load, submitter: new Submitter({ hostname, receiver, load, ...ports }) };
}

function wanted(address: string) {
  return { address, mailbox: parseMailbox(address) };
}

function mailing(...addresses: readonly string[]): Submission {
  const [from] = [parseMailbox("news@acme.example")];
  if (from === undefined) throw new Error("it is a mailbox");
  const none = { to: [], cc: [], replyTo: [], headers: {}, attachments: [] };
  const letter = { from: { mailbox: from }, text: "x", ...none };
  const recipients = addresses.map(wanted);
  return { reversePath: from, recipients, content: { kind: "each", letter } };
}

const order = {
  origin: {
    clientAddress: "192.0.2.1",
    listener: { name: "http", kind: "submission", mayActAs: [] },
  },
  tenant: undefined,
  limits: serverLimits("submission"),
  id,
  known: new Map<number, string>(),
  isRepeatable: true,
  traceParent: undefined,
} as const;

test("who was accepted before has nothing sent again, and the others have their own ids", async () => {
  const { intake, submitter } = bench();
  const submission = mailing("a@x.example", "b@x.example", "c@x.example");
  const known = new Map([[1, "01ARYZ6S41TSV4RRFFQ69G5FAV"]]);
  const fates = await submitter.submit({ ...order, submission, known });
  expect(fates).toEqual([
    { kind: "accepted", queueId: id },
    { kind: "accepted", queueId: "01ARYZ6S41TSV4RRFFQ69G5FAV" },
    { kind: "accepted", queueId: siblingId(id, 2) },
  ]);
  expect(intake.accepted.map((message) => message.id).sort()).toEqual(
    [id, siblingId(id, 2)].sort(),
  );
  expect(intake.accepted.every(({ isRepeatable }) => isRepeatable)).toBe(true);
});

test("where there is no room for a message, its recipient may come again", async () => {
  const { load, submitter } = bench(100);
  const fates = await submitter.submit({ ...order, submission: mailing("a@x.example") });
  expect(fates).toMatchObject([{ kind: "refused", reply: { code: 452, status: "4.3.1" } }]);
  expect(load.contentBytes).toBe(0);
});

test("what cannot be composed, nobody knows why, is put off", async () => {
  const { submitter, intake } = bench();
  const submission = mailing("a@x.example");
  const { content } = submission;
  if (content.kind !== "each") throw new Error("it is one for each");
  const mailbox = {
    ...content.letter.from.mailbox,
    get text(): PathText {
      throw new Error("broken");
    },
  };
  const letter = { ...content.letter, from: { mailbox } };
  const fates = await submitter.submit({
    ...order,
    submission: { ...submission, content: { kind: "each", letter } },
  });
  expect(fates).toMatchObject([{ kind: "refused", reply: { code: 451, status: "4.3.0" } }]);
  expect(intake.accepted).toEqual([]);
});

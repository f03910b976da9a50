import { expect, test } from "bun:test";
import { newMessage } from "../../../test/conformance/fixtures.ts";
import { failureOf } from "../../../test/support/failure.ts";
import { PortIntake } from "./port-intake.ts";
import type { HandedIn } from "./protocol.ts";

test("content that is part of a larger buffer is handed in by itself", () => {
  const handedIn: HandedIn[] = [];
  const intake = new PortIntake((one) => void handedIn.push(one));
  const content = new TextEncoder().encode("before, content, after").subarray(8, 15);
  void intake.accept({ ...newMessage(), content });
  const [one] = handedIn;
  expect(new TextDecoder().decode(one?.message.content)).toBe("content");
  expect(one?.message.content.buffer.byteLength).toBe(7);
});

test("settled() waits for the last answer, and for nothing when there is nothing", async () => {
  const handedIn: HandedIn[] = [];
  const intake = new PortIntake((one) => void handedIn.push(one));
  await intake.settled();
  const order: string[] = [];
  const accepting = [newMessage(), newMessage()].map(async (message, i) => {
    await intake.accept(message);
    order.push(`accepted ${i}`);
  });
  const settled = intake.settled().then(() => order.push("settled"));
  intake.take([{ n: handedIn[1]?.n ?? 0 }]);
  await accepting[1];
  intake.take([{ n: handedIn[0]?.n ?? 0 }]);
  await settled;
  await Promise.all(accepting);
  expect(order).toEqual(["accepted 1", "accepted 0", "settled"]);
});

test("an answer that nobody waits for is a broken promise", async () => {
  const intake = new PortIntake(() => {});
  const failure = await failureOf(Promise.try(() => intake.take([{ n: 7 }])));
  expect(String(failure)).toContain("answered once");
});

import { expect, test } from "bun:test";
import { limitText } from "./limit-text.ts";
import { parseByteRate, parseRate } from "./rate.ts";

test("a limit is told as it is written", () => {
  const rate = parseRate("10/min");
  const bytes = parseByteRate("50MiB/h");
  if (!rate.ok || !bytes.ok) throw new Error("these are rates");
  expect([
    limitText({ kind: "messages", rate: rate.value }),
    limitText({ kind: "bytes", rate: bytes.value }),
    limitText({ kind: "connections", max: 20 }),
  ]).toEqual(["10/min", "50MiB/h", "20"]);
});

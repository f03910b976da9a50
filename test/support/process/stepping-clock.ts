/**
 * Loaded into a process before Godwit (`bun --preload`): its wall clock can be put forward and back, as
 * by an operator, or by NTP on a machine that woke up. On SIGUSR2 it goes by what the file beside the
 * process's configuration says. Spans are not touched, as on a real machine.
 */
import { readFileSync } from "node:fs";
import { stepFile } from "./clock-step.ts";

const real = Date.now;
let aheadMs = 0;

Date.now = () => real() + aheadMs;

process.on("SIGUSR2", () => {
  aheadMs = Number(readFileSync(stepFile, "utf8"));
  process.stdout.write(`${JSON.stringify({ event: "clock_stepped", ahead_ms: aheadMs })}\n`);
});

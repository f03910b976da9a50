#!/usr/bin/env bun
/**
 * The verdict over two accounts, that of a source and that of a sink: what is lost, and what came
 * too often. Exit code 1: something is lost.
 */
import { readFile } from "node:fs/promises";
import { balance, Ledger } from "./ledger.ts";

const shownMax = 10;
const [promisedFile, arrivedFile, ...rest] = process.argv.slice(2);
if (promisedFile === undefined || arrivedFile === undefined || rest.length > 0) {
  console.error("usage: bun loadtest/balance.ts PROMISED ARRIVED (both written with --accounts)");
  process.exit(2);
}

const promised = Ledger.parse(await readFile(promisedFile, "utf8"));
const arrived = Ledger.parse(await readFile(arrivedFile, "utf8"));
const { lost, extraCopies, repeated, unanswered } = balance(promised, arrived);
console.log(`promised with a 250  ${promised.distinct} messages, ${promised.total} copies
arrived              ${arrived.distinct} messages, ${arrived.total} copies
lost                 ${lost.length}${examples(lost)}
copies too many      ${extraCopies}${examples([...repeated.keys()])}
arrived without 250  ${unanswered}`);
process.exitCode = lost.length === 0 ? 0 : 1;

function examples(ids: readonly string[]): string {
  return ids.length === 0 ? "" : `: ${ids.slice(0, shownMax).join(" ")}`;
}

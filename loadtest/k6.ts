#!/usr/bin/env bun
/** Load over HTTP as a command: `npm run k6 -- --help`. What k6 runs is in `k6/`. */
import { CommanderError } from "commander";
import { k6Binary, k6Missing } from "../test/support/servers/toolchain/k6-binary.ts";
import { k6Arguments } from "./k6/run/arguments.ts";
import { runLoad } from "./k6/run/run.ts";
import { writeAccounts } from "./ledger.ts";

const thresholdCrossed = 99;

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CommanderError)) console.error(String(error));
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2;
}

async function run(args: readonly string[]): Promise<number> {
  const asked = k6Arguments(args, process.env);
  const missing = k6Missing();
  if (missing !== undefined) throw new Error(missing);
  const binary = await k6Binary();
  const { code, promised, verdict } = await runLoad(asked, { binary, output: "inherit" });
  process.stdout.write(verdict.text);
  await writeAccounts(asked.accounts, promised);
  if (!verdict.isGood) return 1;
  // Whatever else k6 ends with: it could not be run.
  return code === 0 || code === thresholdCrossed ? code : 2;
}

/** The command line of `npm run k6`; what it says becomes the environment of the script. */
import { InvalidArgumentError } from "commander";
import { command, oneOf, positive } from "../../argument.ts";
import { forms } from "../message.ts";
import { defaults, durationMs } from "../settings.ts";

export const scenarios = ["ramp", "spike", "soak", "stress", "mixed"] as const;
export type Scenario = (typeof scenarios)[number];

export interface K6Run {
  readonly scenario: Scenario;
  /** `LOAD_…` */
  readonly environment: Readonly<Record<string, string>>;
  /** Undefined: a Godwit and a sink are started for the run. */
  readonly target: string | undefined;
  /** A file that gets a line for each message with a 202: its id and copies. */
  readonly accounts: string | undefined;
}

/** Options, and what they are called in the environment. */
const names = [
  ["target", "LOAD_TARGET"],
  ["token", "LOAD_TOKEN"],
  ["control", "LOAD_CONTROL"],
  ["controlToken", "LOAD_CONTROL_TOKEN"],
  ["vus", "LOAD_VUS"],
  ["rate", "LOAD_RATE"],
  ["duration", "LOAD_DURATION"],
  ["recipients", "LOAD_RECIPIENTS"],
  ["size", "LOAD_SIZE"],
  ["domain", "LOAD_DOMAIN"],
  ["form", "LOAD_FORM"],
  ["p95", "LOAD_P95"],
  ["p99", "LOAD_P99"],
  ["run", "LOAD_RUN"],
] as const;

type Options = Partial<Record<(typeof names)[number][0] | "accounts", string>>;

const scenariosText = `
ramp    up to --vus, a plateau, down              soak    --rate for as long as --duration says
spike   a tenth of --vus, all at once, again less stress  up to --vus in four stairs; may refuse, not fail
mixed   ramp, repeats with the same Idempotency-Key, and operators' reads of the control API

Every option but --accounts can be said by the environment, too: LOAD_TOKEN for --token.
Exit code: 0, 1 (something is lost), 2 (not run, or broken off), 99 (a threshold is crossed).`;

/** @throws CommanderError, which commander has told already */
export function k6Arguments(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): K6Run {
  const program = command("k6", "Load over HTTP, with thresholds, by k6.")
    .argument("<scenario>", scenarios.join(", "), oneOf(scenarios))
    .option("--target <url>", "of HTTP submission; without it a Godwit and a sink are started")
    .option("--token <text>", "a bearer token for it")
    .option("--control <url>", "of the control API, for mixed")
    .option("--control-token <text>", "the operators' token")
    .option("--vus <n>", `users at once, ${defaults.LOAD_VUS} unless said`, number)
    .option("--rate <n>", `messages a second in soak, ${defaults.LOAD_RATE} unless said`, number)
    .option("--duration <time>", `20s, 5m, 1h; ${defaults.LOAD_DURATION} unless said`, duration)
    .option("--recipients <n>", "of each message", number)
    .option("--size <octets>", "of each text", number)
    .option("--domain <name>", "of the recipients")
    .option("--form <form>", `${forms.join(", ")}: see README.md`, oneOf(forms))
    .option("--p95 <ms>", "95 of 100 are accepted within it", number)
    .option("--p99 <ms>", "99 of 100 are accepted within it", number)
    .option("--run <name>", "the first part of each id")
    .option("--accounts <file>", "or - for stdout: a line for each with a 202: id, copies")
    .addHelpText("after", scenariosText);
  program.parse([...args], { from: "user" });
  const options = program.opts<Options>();
  const given = names.flatMap(([option, name]) => {
    const value = options[option] ?? environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const loads = Object.fromEntries(given);
  return {
    scenario: oneOf(scenarios)(program.args[0] ?? ""),
    environment: loads,
    target: loads.LOAD_TARGET,
    accounts: options.accounts,
  };
}

/** As text: it is handed on. */
function number(text: string): string {
  return String(positive(text));
}

function duration(text: string): string {
  try {
    durationMs(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
  return text;
}

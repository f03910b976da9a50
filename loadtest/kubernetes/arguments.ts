/** The command line of `npm run load:kubernetes`: whose objects, and what they are told. */
import type { Command } from "commander";
import { k6Version } from "../../test/support/servers/toolchain/k6-binary.ts";
import { command, positive } from "../argument.ts";
import { k6Arguments } from "../k6/run/arguments.ts";
import { sinkArguments } from "../sink/arguments.ts";
import { sourceArguments } from "../source/arguments.ts";
import type { K6Job, SinkPods, SourceJob } from "./objects.ts";

export type Asked =
  | ({ readonly what: "sink" } & Omit<SinkPods, "program">)
  | ({ readonly what: "source" } & Omit<SourceJob, "program">)
  | ({ readonly what: "k6" } & Omit<K6Job, "scripts">);

interface Options {
  readonly image: string;
  readonly replicas: number;
  readonly parallelism: number;
  readonly tokenSecret: string;
}

const helpText = `
What stands behind -- is told to the program itself (npm run sink -- --help, …):
  npm run -s load:kubernetes -- sink --image godwit:1.0 | kubectl create -f -
  npm run -s load:kubernetes -- source --image godwit:1.0 -- mail-godwit-edge:587 --messages 100000
  npm run -s load:kubernetes -- k6 -- ramp --target http://mail-godwit-edge:8080 --duration 5m`;

/** @throws CommanderError, which commander has told already */
export function kubernetesArguments(args: readonly string[]): Asked {
  let asked: Asked | undefined;
  const program = command("load:kubernetes", "Prints objects that bring load, or take it.");
  const add = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .argument("[args...]", "behind --: what the program is told");
  const godwit = ["--image <name>", "of Godwit, as the release's"] as const;
  const pods = ["--parallelism <n>", "pods at once, each with the whole load"] as const;
  add("sink", "A Deployment and a Service at port 25 that takes all mail.")
    .requiredOption(...godwit)
    .option("--replicas <n>", "pods", positive, 1)
    .action((words: string[], { image, replicas }: Options) => {
      sinkArguments(words);
      asked = { what: "sink", image, replicas, args: words };
    });
  add("source", "A Job that sends by SMTP.")
    .requiredOption(...godwit)
    .option(...pods, positive, 1)
    .action((words: string[], { image, parallelism }: Options) => {
      sourceArguments(words, () => "named");
      asked = { what: "source", image, parallelism, args: words };
    });
  add("k6", "A Job that submits by HTTP.")
    .option("--image <name>", "of k6", `grafana/k6:${k6Version}`)
    .option(...pods, positive, 1)
    .option("--token-secret <name>", "with token, and controlToken for mixed", "godwit-load")
    .action((words: string[], { image, parallelism, tokenSecret }: Options) => {
      const { scenario, environment, target } = k6Arguments(words, {});
      if (target === undefined) program.error("error: k6 needs a --target behind --");
      const secret = ["LOAD_TOKEN", "LOAD_CONTROL_TOKEN"].find((name) => name in environment);
      if (secret !== undefined) program.error("error: tokens are in the Secret, not in the Job");
      const script = `${scenario}.ts`;
      asked = { what: "k6", image, parallelism, script, environment, tokenSecret };
    });
  program.addHelpText("after", helpText).parse([...args], { from: "user" });
  if (asked === undefined) return program.help();
  return asked;
}

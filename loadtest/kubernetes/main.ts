#!/usr/bin/env bun
/** Prints load as objects of Kubernetes: `npm run -s load:kubernetes -- --help`. */
import { CommanderError } from "commander";
import { stringify } from "yaml";
import { type Asked, kubernetesArguments } from "./arguments.ts";
import { type KubernetesObject, k6Objects, sinkObjects, sourceObjects } from "./objects.ts";
import { programText, scriptFiles } from "./program.ts";

try {
  const objects = await objectsOf(kubernetesArguments(process.argv.slice(2)));
  process.stdout.write(
    objects.map((object) => `---\n${stringify(object, { lineWidth: 0 })}`).join(""),
  );
} catch (error) {
  if (!(error instanceof CommanderError)) console.error(String(error));
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2;
}

async function objectsOf(asked: Asked): Promise<readonly KubernetesObject[]> {
  switch (asked.what) {
    case "sink":
      return sinkObjects({ ...asked, program: await programText("sink") });
    case "source":
      return sourceObjects({ ...asked, program: await programText("source") });
    case "k6":
      return k6Objects({ ...asked, scripts: await scriptFiles() });
  }
}

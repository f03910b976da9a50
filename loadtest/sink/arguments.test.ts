import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { sinkArguments } from "./arguments.ts";

describe("sinkArguments()", () => {
  test("without any: a free port of loopback, until it is told to end", () => {
    expect(sinkArguments([])).toEqual({
      sink: {
        at: { address: "127.0.0.1", port: 0 },
        greeting: { hostname: "sink.example", withheld: [], sizeMax: 0 },
        protocol: "smtp",
        faults: [],
        keep: "nothing",
      },
      processes: 1,
      tls: "none",
      until: undefined,
      timeoutSeconds: undefined,
      accounts: undefined,
      output: "text",
    });
  });

  test("takes faults and what to withhold", () => {
    const args = "--fault 421-at-mail --fault slow-1s --withhold size,EHLO --lmtp --json --until 9";
    const run = sinkArguments(args.split(" "));
    expect(run.sink).toMatchObject({
      faults: ["421-at-mail", "slow-1s"],
      greeting: { withheld: ["SIZE", "EHLO"] },
      protocol: "lmtp",
    });
    expect(run).toMatchObject({ output: "json", until: 9 });
  });

  test("reads the file of domains", () => {
    const file = join(import.meta.dir, "providers.yaml");
    const { sink, processes } = sinkArguments(["--domains", file, "--processes", "3"]);
    expect(sink.domains?.name).toBe(file);
    expect(sink.domains?.text).toContain("gmail.sink.example:");
    expect(processes).toBe(3);
  });
});

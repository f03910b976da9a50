/** A rule on replies as an operator meets it: it starts, is seen, outlasts a crash, and is cancelled. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { Sink } from "../../loadtest/sink/sink.ts";
import { answered } from "../support/cli/answered.ts";
import { type LogLine, RunningGodwit } from "../support/cli/running-godwit.ts";
import { standaloneYaml } from "../support/cli/standalone-yaml.ts";

const rule = `automation:
  - name: as-asked
    reply: as you asked
    count: 2 in 10m
    do: { action: hold, scope: [destination], for: 1h }
`;

let home: string;
let sink: Sink;
let running: RunningGodwit;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "godwit-rules-"));
  sink = await Sink.start({ keep: "messages" });
  const { port } = sink.endpoint;
  await writeFile(join(home, "godwit.yaml"), standaloneYaml(port, "shaping: [shaping.yaml]"));
  await writeFile(join(home, "shaping.yaml"), rule);
  running = await RunningGodwit.start(home);
});

afterEach(async () => {
  await running.stop("SIGKILL");
  await sink.stop();
  await rm(home, { recursive: true, force: true });
});

async function submit(to: string): Promise<void> {
  const { address, port } = running.at("submission");
  const transport = createTransport({ host: address, port, ignoreTLS: true });
  await transport.sendMail({ from: "a@source.example", to, subject: "Hello", text: "Hello" });
  transport.close();
}

const isEvent = (event: string) => (line: LogLine) => line.event === event;

test("what a host said twice holds its mail, until it is cancelled", async () => {
  for (let n = 0; n < 2; n++) await submit("451-at-rcpt@slow.example");
  await running.logged(isEvent("measure_started"));
  const { out: active } = await running.operate("shaping", "active");
  expect(active).toMatch(
    /^[0-9a-z]{12} +as-asked +destination slow\.example +hold .* in (1h|59m\d+s) +2 +451 4\.1\.1 As you asked$/m,
  );
  await submit("b@slow.example");
  await submit("b@other.example");
  await sink.until(({ messages }) => messages >= 1);
  const held = /held by the rule "as-asked" \(shaping\.yaml:2\)/;
  expect(await answered(running, ["explain", "slow.example"], held)).toMatch(held);

  await running.stop("SIGKILL");
  running = await RunningGodwit.start(home);
  const { out: afterwards } = await running.operate("shaping", "active", "--json");
  expect(JSON.parse(afterwards).measures).toMatchObject([{ rule: "as-asked", count: 2 }]);
  const taken = () =>
    sink.messages.flatMap(({ recipients }) => recipients.map(({ forwardPath }) => forwardPath));
  expect(taken()).toEqual(["b@other.example"]);

  const { out: cancelled } = await running.operate("shaping", "cancel", "--all");
  expect(cancelled).toBe("1 measure is cancelled\n");
  await sink.until(({ messages }) => messages >= 2);
  expect(taken()).toEqual(["b@other.example", "b@slow.example"]);
  expect((await running.operate("shaping", "active")).err).toBe("No rule has set anything now.\n");
});

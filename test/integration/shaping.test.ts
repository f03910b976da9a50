/** The real process under `shaping.yaml`: a limit holds, and a changed file is followed at SIGHUP. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { Sink } from "../../loadtest/sink/sink.ts";
import { RunningGodwit } from "../support/cli/running-godwit.ts";
import { standaloneYaml } from "../support/cli/standalone-yaml.ts";

let folder: string;
let sink: Sink;
let godwit: RunningGodwit;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-shaping-"));
  sink = await Sink.start({ keep: "messages" });
  await writeFile(
    join(folder, "godwit.yaml"),
    standaloneYaml(sink.endpoint.port, "shaping: [shaping.yaml]"),
  );
  await shape("slow.example: { messages: 1/d }");
  godwit = await RunningGodwit.start(folder);
}, 30_000);

afterAll(async () => {
  await godwit.stop();
  await sink.stop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

async function shape(domain: string): Promise<void> {
  await writeFile(join(folder, "shaping.yaml"), `domains:\n  ${domain}\n`);
}

async function submit(domain: string): Promise<void> {
  const { address, port } = godwit.at("submission");
  const transport = createTransport({ host: address, port, ignoreTLS: true });
  await transport.sendMail({ from: "a@source.example", to: `b@${domain}`, text: "Hello" });
  transport.close();
}

function delivered(domain: string, count: number): Promise<void> {
  return godwit.logged(
    ({ outcome, recipient }) => outcome === "delivered" && recipient === `b@${domain}`,
    count,
  );
}

/** Where `b@slow.example` got something. */
function arrivedSlowly(): number {
  const recipients = sink.messages.flatMap((message) => message.recipients);
  return recipients.filter(({ forwardPath }) => forwardPath === "b@slow.example").length;
}

test("one a day is one, until the file says otherwise; a faulty file changes nothing", async () => {
  await submit("slow.example");
  await delivered("slow.example", 1);
  await submit("slow.example");
  await submit("fast.example");
  await delivered("fast.example", 1);
  const { out } = await godwit.operate("queue", "summary", "slow.example");
  expect(out).toContain("slow.example");
  expect(arrivedSlowly()).toBe(1);

  await shape("slow.example: { mesages: 600/min }");
  godwit.hangUp();
  await godwit.logged(({ event }) => event === "configuration_not_reloaded");
  await submit("fast.example");
  await delivered("fast.example", 2);
  expect(arrivedSlowly()).toBe(1);

  await shape("slow.example: { messages: 600/min }");
  godwit.hangUp();
  await delivered("slow.example", 2);
}, 30_000);

/** What is secret stands neither in the log, at its finest, nor where all users of a machine see it. */
import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { createTransport } from "nodemailer";
import { Sink } from "../../loadtest/sink/sink.ts";
import { StandaloneProcess } from "../support/process/standalone-process.ts";
import { FakeCollector } from "../support/telemetry/fake-collector.ts";

const secrets = ["wonderland", "looking-glass", "Bearer jabberwocky"];

test("neither passwords nor hashes, tokens or headers are told", async () => {
  await using collector = new FakeCollector();
  await using sink = await Sink.start();
  const cost = { algorithm: "argon2id", memoryCost: 8, timeCost: 1 } as const;
  const passwordHash = await Bun.password.hash("wonderland", cost);
  const yaml = `users: [{ name: alice, passwordHash: "${passwordHash}" }]
telemetry: { otlp: "${collector.url}", traces: 1, headers: { authorization: "Bearer jabberwocky" } }
log: { level: debug }
`;
  await using godwit = await StandaloneProcess.prepare({ routes: { "*": sink.endpoint }, yaml });
  const told: string[] = [];
  godwit.log.each((line) => void told.push(JSON.stringify(line)));
  await godwit.start();
  const token = (await godwit.token()).trim();
  const at = godwit.submission;
  if (at === undefined) throw new Error("it does not listen");
  const mail = { from: "a@source.example", to: "b@one.example", subject: "x", text: "x" };
  const delivered = godwit.log.next(({ outcome }) => outcome === "delivered");
  for (const pass of ["wonderland", "looking-glass"]) {
    const auth = { user: "alice", pass };
    const tls = { rejectUnauthorized: false };
    const transport = createTransport({ host: at.address, port: at.port, auth, tls });
    await transport.sendMail(mail).catch(() => undefined);
    transport.close();
  }
  await delivered;
  expect((await godwit.ask("/v1/queue")).status).toBe(200);
  const seen = await readFile(`/proc/${godwit.pid}/cmdline`, "latin1");
  await godwit.stop();
  const all = [...told, seen].join("\n");
  expect(all).toContain("auth_failed");
  for (const secret of [...secrets, passwordHash, token]) expect(all).not.toContain(secret);
  expect(collector.posts[0]?.headers.get("authorization")).toBe("Bearer jabberwocky");
}, 60_000);

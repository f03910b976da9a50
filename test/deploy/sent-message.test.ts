/** What `helm test` runs, against a real Godwit. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunningGodwit } from "../support/cli/running-godwit.ts";
import { chartFolder } from "../support/deploy/chart.ts";
import { ran } from "../support/process/ran.ts";

const program = join(chartFolder, "files", "helm-test", "main.ts");
const password = "wonderland";
const token = "a-token-for-the-test";
let folder: string;
let godwit: RunningGodwit;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-helm-test-"));
  const options = { algorithm: "argon2id", memoryCost: 8, timeCost: 1 } as const;
  const hash = await Bun.password.hash(password, options);
  await writeFile(
    join(folder, "godwit.yaml"),
    `
hostname: mta1.example.net
listeners:
  - { name: submission, address: 127.0.0.1, port: 0, kind: submission }
  - { name: submissions, address: 127.0.0.1, port: 0, kind: submission, tls: { implicit: true } }
users: [{ name: alice, passwordHash: "${hash}" }]
control: { address: 127.0.0.1, port: 0, token: ${token} }
`,
  );
  godwit = await RunningGodwit.start(folder);
});

afterAll(async () => {
  await godwit.stop();
  await rm(folder, { recursive: true });
});

async function run(listener: string, changed: Readonly<Record<string, string>> = {}) {
  const { address, port } = godwit.at(listener);
  const control = godwit.at("control");
  return await ran([process.execPath, program], {
    environment: {
      EDGE: address,
      PORT: String(port),
      IMPLICIT_TLS: String(listener === "submissions"),
      CONTROL: `http://${control.address}:${control.port}`,
      RECIPIENT: "helm-test@godwit-test.invalid",
      TOKEN: token,
      USERNAME: "alice",
      PASSWORD: password,
      ...changed,
    },
  });
}

describe("the message of helm test", () => {
  test.each(["submission", "submissions"])("goes all the way, by %s", async (listener) => {
    const { code, out, err } = await run(listener);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^\S+ accepted after \d+ ms\n\S+ settled after \d+ ms: \{.*failed/s);
  });

  test.each([
    ["a wrong password", { PASSWORD: "rabbit" }, "AUTH was answered with 535"],
    ["a wrong token", { TOKEN: "another-token-of-16" }, "control answers 401"],
  ])("says why it did not: %s", async (_, changed, sentence) => {
    const { code, err } = await run("submission", changed);
    expect(code).not.toBe(0);
    expect(err).toContain(sentence);
    expect(err).not.toContain("wonderland");
  });
});

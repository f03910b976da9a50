/** AUTH over the whole edge (RFC 4954): who gets in, and what guessing gets. */
import { describe, expect, test } from "bun:test";
import { fakeIdentity } from "#lib/net/memory-connection";
import { edgeConfig, submissionListener } from "../../test/support/edge/edge-config.ts";
import { type MemoryClient, MemoryEdge } from "../../test/support/edge/memory-edge.ts";
import type { VerifyPassword } from "./credentials.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const plain = (user: string, password: string) => `AUTH PLAIN ${base64(`\0${user}\0${password}`)}`;
const users = [{ name: "alice", passwordHash: "wonderland", tenant: "acme" }];
const limits = { errorsSoftMax: 90, errorsHardMax: 99 };
const identity = fakeIdentity("edge.example");

/** Argon2 itself runs in the integration tests: here time is virtual, and its threads know only the real one. */
const isWonderland: VerifyPassword = async (password) => password === "wonderland";

async function world(verifyPassword: VerifyPassword = isWonderland): Promise<MemoryEdge> {
  const config = edgeConfig({ users, identity, listeners: [submissionListener({ limits })] });
  return await MemoryEdge.start(config, { verifyPassword });
}

async function secured(edge: MemoryEdge, from = "198.51.100.7"): Promise<MemoryClient> {
  const client = await edge.client({ name: "submission", from });
  await client.say("STARTTLS");
  await client.startTls("edge.example");
  await client.say("EHLO client.example");
  return client;
}

describe("AUTH under TLS", () => {
  test("lets a user in, whose tenant and name go with the mail", async () => {
    const edge = await world();
    const client = await secured(edge);
    expect(await client.codes(plain("alice", "wonderland"))).toEqual(["235 2.7.0"]);
    await client.say("MAIL FROM:<a@home.example>", "RCPT TO:<b@else.example>", "DATA");
    expect(await client.codes("Subject: x", "", "x", ".")).toEqual(["250 2.0.0"]);
    expect(edge.intake.accepted[0]?.units[0]?.tenant).toBe("acme");
    expect(edge.intake.lastContent).toContain(" with ESMTPSA id ");
    const told = edge.lines.find(({ event }) => event === "message_accepted");
    expect(told?.fields).toMatchObject({ user: "alice", listener: "submission" });
  });

  test("takes LOGIN as well", async () => {
    const client = await secured(await world());
    const [first] = await client.codes("AUTH LOGIN");
    const [second] = await client.codes(base64("alice"));
    const [third] = await client.codes(base64("wonderland"));
    expect([first, second, third]).toEqual(["334", "334", "235 2.7.0"]);
  });

  test.each([
    ["a wrong password", "alice", "looking-glass"],
    ["an unknown user", "mallory", "wonderland"],
    ["another case of the name", "Alice", "wonderland"],
    ["no password", "alice", ""],
  ])("refuses %s, and the mail behind it", async (_, user, password) => {
    const edge = await world();
    const client = await secured(edge);
    expect((await client.codes(plain(user, password)))[0]).toMatch(/^(535 5\.7\.8|501 5\.5\.2)$/);
    expect(await client.codes("MAIL FROM:<a@home.example>")).toEqual(["530 5.7.0"]);
  });

  test("tells the password to nobody", async () => {
    const edge = await world();
    const client = await secured(edge);
    await client.say(plain("alice", "swordfish"), plain("alice", "wonderland"));
    expect(JSON.stringify(edge.lines)).not.toMatch(/swordfish|wonderland/);
  });

  test("looks at no more guesses of an address after twenty: 454 4.7.0", async () => {
    let looked = 0;
    const edge = await world(async (password, hash) => {
      looked += 1;
      return password === hash;
    });
    const client = await secured(edge);
    for (let i = 0; i < 20; i++) await client.say(plain("alice", `guess ${i}`));
    expect(await client.codes(plain("alice", "wonderland"))).toEqual(["454 4.7.0"]);
    expect(looked).toBe(20);
    const other = await secured(edge, "198.51.100.8");
    expect(await other.codes(plain("alice", "wonderland"))).toEqual(["235 2.7.0"]);
  });

  test("that cannot be done is our fault: 421 4.3.0, and only this session ends", async () => {
    const edge = await world(() => Promise.reject(new Error("no memory for argon2")));
    const client = await secured(edge);
    const said = await client.say(plain("alice", "wonderland"));
    expect(said).toStartWith("421 4.3.0 ");
    expect(said).not.toContain("argon2");
    expect(await (await secured(edge)).codes("NOOP")).toEqual(["250 2.0.0"]);
  });
});

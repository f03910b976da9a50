import { beforeEach, expect, test } from "bun:test";
import { passwordHash } from "#lib/config/value";
import { FakeIo } from "../../test/support/cli/fake-io.ts";
import { NotedRoles } from "../../test/support/cli/noted-roles.ts";
import { Tokens } from "../edge/http/tokens.ts";
import { runGodwit } from "./program.ts";

let io: FakeIo;

beforeEach(() => {
  io = new FakeIo();
});

function hash(...typed: string[]): Promise<number> {
  io.passwords.push(...typed);
  return runGodwit(["user", "hash"], io, new NotedRoles());
}

test.each([
  ["wonderland\n", "wonderland"],
  ["won der land \r\n", "won der land "],
  ["wönderland", "wönderland"],
])(
  "user hash of %j is of that password, and fit for the configuration",
  async (piped, password) => {
    expect(await hash(piped)).toBe(0);
    expect(passwordHash(io.stdout.trimEnd())).toMatchObject({ ok: true });
    expect(await Bun.password.verify(password, io.stdout.trimEnd())).toBe(true);
    expect(io.stderr).toBe("");
  },
);

test("user hash asks twice who types, and says where the hash belongs", async () => {
  io.isInteractive = true;
  expect(await hash("wonderland", "wonderland")).toBe(0);
  expect(io.prompts).toEqual(["Password: ", "Once more: "]);
  expect(io.stdout).toMatch(/^\$argon2id\$.*\n$/);
  expect(io.stderr).toContain("users:");
});

test("user hash takes no password that was mistyped", async () => {
  io.isInteractive = true;
  expect(await hash("wonderland", "wonderlnad")).toBe(1);
  expect([io.stdout, io.stderr]).toEqual(["", "The two passwords differ: nothing was hashed\n"]);
});

test.each([
  ["", "it is empty"],
  ["\n", "it is empty"],
  ["a\nb\n", "it has more than one line"],
  ["a\0b", "it has a NUL"],
  ["x".repeat(5_000), "it is longer than 4096"],
])("user hash of %j is refused", async (piped, fault) => {
  expect(await hash(piped)).toBe(2);
  expect(io.stdout).toBe("");
  expect(io.stderr).toStartWith(`Cannot hash the password: ${fault}`);
});

test("user hash takes no password from its arguments, where others can see it", async () => {
  expect(await runGodwit(["user", "hash", "secret"], io, new NotedRoles())).toBe(2);
  expect(io.stderr).not.toContain("secret");
});

test("token make gives a new token each time, and the hash that knows it", async () => {
  const made = async (...args: string[]) => {
    io = new FakeIo();
    expect(await runGodwit(["token", "make", ...args], io, new NotedRoles())).toBe(0);
    return io.stdout;
  };
  const { token, tokenHash } = JSON.parse(await made("--json"));
  expect(token).toMatch(/^gdw_[A-Za-z0-9_-]{43}$/);
  const tokens = new Tokens([{ name: "shop", tenant: "acme", tokenHash }]);
  expect(tokens.ownerOf(`Bearer ${token}`)?.name).toBe("shop");
  expect(JSON.parse(await made("--json")).token).not.toBe(token);
  expect(await made()).toMatch(/^token {6}gdw_\S+\ntokenHash {2}sha256:[0-9a-f]{64}\n$/);
});

test("token make says where the hash belongs to who looks at it", async () => {
  io.isInteractive = true;
  await runGodwit(["token", "make"], io, new NotedRoles());
  expect(io.stderr).toContain("tokens:");
});

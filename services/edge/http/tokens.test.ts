import { expect, test } from "bun:test";
import { tokenHash as tokenHashForm } from "#lib/config/value";
import { hashOfToken, Tokens } from "./tokens.ts";

const token = (name: string, secret: string) => ({
  ...{ name, tenant: name, tokenHash: hashOfToken(secret) },
});

test("a token is known by its hash, which is fit for the configuration", () => {
  expect(hashOfToken("abc")).toBe(
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
  expect(tokenHashForm(hashOfToken("abc"))).toMatchObject({ ok: true });
});

test("whoever shows one is its owner, until it is taken away", () => {
  const tokens = new Tokens([token("acme", "gdw_a"), token("blue", "gdw_b")]);
  expect(tokens.ownerOf("Bearer gdw_b")?.name).toBe("blue");
  expect(tokens.ownerOf("bearer  gdw_a")?.name).toBe("acme");
  for (const shown of [undefined, "", "Bearer", "Bearer gdw_c", "Bearer gdw_a gdw_b", "gdw_a"]) {
    expect(tokens.ownerOf(shown)).toBeUndefined();
  }
  tokens.replace([token("acme", "gdw_new")]);
  expect(tokens.ownerOf("Bearer gdw_a")).toBeUndefined();
  expect(tokens.ownerOf("Bearer gdw_new")?.name).toBe("acme");
});

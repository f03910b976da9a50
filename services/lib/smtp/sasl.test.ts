import { describe, expect, test } from "bun:test";
import { SaslExchange } from "./sasl.ts";

const b64 = (text: string) => Buffer.from(text).toString("base64");

describe("PLAIN", () => {
  const cases: [string, object][] = [
    ["\0joe\0secret", { kind: "credentials", user: "joe", password: "secret" }],
    ["joe\0joe\0secret", { kind: "credentials", user: "joe", password: "secret" }],
    ["\0jörg\0pässword", { kind: "credentials", user: "jörg", password: "pässword" }],
    ["\0joe\0", { kind: "credentials", user: "joe", password: "" }],
    ["ann\0joe\0secret", { kind: "bad" }],
    ["joe\0secret", { kind: "bad" }],
    ["\0\0secret", { kind: "bad" }],
    ["\0joe\0sec\0ret", { kind: "bad" }],
    ["", { kind: "bad" }],
  ];
  test.each(cases)("%p", (text, step) => {
    expect(new SaslExchange("PLAIN").start(b64(text))).toMatchObject(step);
  });

  test("without initial response asks with an empty challenge", () => {
    const exchange = new SaslExchange("PLAIN");
    expect(exchange.start(undefined)).toEqual({ kind: "challenge", text: "" });
    expect(exchange.respond(b64("\0joe\0x"))).toMatchObject({ kind: "credentials" });
  });

  test.each(["!", "AGpvZQBzZWNyZXQ", "====", "/w=="])("refuses %p", (text) => {
    expect(new SaslExchange("PLAIN").start(text)).toMatchObject({ kind: "bad" });
  });
});

describe("LOGIN", () => {
  test("asks for name and password", () => {
    const exchange = new SaslExchange("LOGIN");
    expect(exchange.start(undefined)).toEqual({ kind: "challenge", text: b64("Username:") });
    expect(exchange.respond(b64("joe"))).toEqual({ kind: "challenge", text: b64("Password:") });
    expect(exchange.respond(b64("secret"))).toEqual({
      kind: "credentials",
      user: "joe",
      password: "secret",
    });
  });

  test("takes the name as initial response", () => {
    const exchange = new SaslExchange("LOGIN");
    expect(exchange.start(b64("joe"))).toEqual({ kind: "challenge", text: b64("Password:") });
  });
});

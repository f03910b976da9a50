import { describe, expect, test } from "bun:test";
import { createSecureContext } from "node:tls";
import { ManualClock } from "../../test/support/manual-clock.ts";
import type { UserConfig } from "./config.ts";
import { Credentials, type VerifyPassword } from "./credentials.ts";

const alice: UserConfig = { name: "alice", passwordHash: "hash of wonderland", tenant: "acme" };
const at = (password: string, user = "alice", clientAddress = "192.0.2.1") => ({
  user,
  password,
  clientAddress,
});

/** Verifications end when the test says so. */
class Verifier {
  readonly pending: { password: string; hash: string; end: () => void }[] = [];

  readonly verify: VerifyPassword = (password, hash) =>
    new Promise((resolve) => {
      const end = () => resolve(hash === `hash of ${password}`);
      this.pending.push({ password, hash, end });
    });

  endAll(): void {
    for (const { end } of this.pending.splice(0)) end();
  }
}

function world() {
  const clock = new ManualClock();
  let verifications = 0;
  const verifyPassword: VerifyPassword = async (password, hash) => {
    verifications++;
    return hash === `hash of ${password}`;
  };
  const credentials = new Credentials([alice], { clock, verifyPassword });
  return { clock, credentials, verifications: () => verifications };
}

describe("Credentials.verify()", () => {
  test("is not disturbed by a certificate that could not be read before", async () => {
    const { credentials } = world();
    expect(() => createSecureContext({ cert: "none", key: "none" })).toThrow();
    expect(await credentials.verify(at("wonderland"))).toEqual({ kind: "known", user: alice });
  });

  test("knows the right password and its user", async () => {
    const { credentials } = world();
    expect(await credentials.verify(at("wonderland"))).toEqual({ kind: "known", user: alice });
    expect(await credentials.verify(at("looking-glass"))).toEqual({ kind: "wrong" });
  });

  test("takes as long for an unknown user as for a wrong password", async () => {
    const { credentials, verifications } = world();
    expect(await credentials.verify(at("wonderland", "bob"))).toEqual({ kind: "wrong" });
    expect(verifications()).toBe(1);
  });

  test("knows nobody where there are no users", async () => {
    const credentials = new Credentials([], { clock: new ManualClock() });
    expect(await credentials.verify(at("x"))).toEqual({ kind: "wrong" });
  });

  test("verifies a success again only after ten minutes", async () => {
    const { clock, credentials, verifications } = world();
    for (let i = 0; i < 5; i++) await credentials.verify(at("wonderland"));
    expect(verifications()).toBe(1);
    clock.advance(600_000);
    await credentials.verify(at("wonderland"));
    expect(verifications()).toBe(2);
  });

  test("remembers no failure", async () => {
    const { credentials, verifications } = world();
    await credentials.verify(at("x"));
    await credentials.verify(at("x"));
    expect(verifications()).toBe(2);
  });

  test("forgets a success when the password or the user is gone", async () => {
    const { credentials } = world();
    await credentials.verify(at("wonderland"));
    credentials.replace([{ ...alice, passwordHash: "hash of changed" }]);
    expect(await credentials.verify(at("wonderland"))).toEqual({ kind: "wrong" });
    credentials.replace([]);
    expect(await credentials.verify(at("changed"))).toEqual({ kind: "wrong" });
  });

  test("looks at no more guesses from an address that failed twenty times, for a while", async () => {
    const { clock, credentials } = world();
    await credentials.verify(at("wonderland"));
    for (let i = 0; i < 20; i++) await credentials.verify(at(`guess ${i}`));
    expect(await credentials.verify(at("guess"))).toEqual({ kind: "busy" });
    expect(await credentials.verify(at("wonderland"))).toMatchObject({ kind: "known" });
    expect(await credentials.verify(at("guess", "alice", "192.0.2.2"))).toEqual({ kind: "wrong" });
    clock.advance(600_000);
    expect(await credentials.verify(at("guess"))).toEqual({ kind: "wrong" });
  });

  test("does the same guess once, two at a time, and says busy when too many wait", async () => {
    const verifier = new Verifier();
    const credentials = new Credentials([alice], {
      clock: new ManualClock(),
      verifyPassword: verifier.verify,
    });
    const same = [at("wonderland"), at("wonderland")].map((a) => credentials.verify(a));
    const others = Array.from({ length: 129 }, (_, i) =>
      credentials.verify(at(`guess ${i}`, "alice", `192.0.2.${i}`)),
    );
    expect(verifier.pending.length).toBe(2);
    expect(await credentials.verify(at("late"))).toEqual({ kind: "busy" });
    let left = 2;
    while (left > 0) {
      verifier.endAll();
      await Promise.race([Promise.allSettled([...same, ...others]), Promise.resolve()]);
      left = verifier.pending.length;
      expect(left).toBeLessThanOrEqual(2);
    }
    expect(await Promise.all(same)).toEqual([
      { kind: "known", user: alice },
      { kind: "known", user: alice },
    ]);
  });
});

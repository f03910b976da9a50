import { expect, test } from "bun:test";
import { errors, types } from "cassandra-driver";
import { isLoginRefused, isWorthRepeating, reasonOf } from "./failure.ts";

const { responseErrorCodes } = types;
const answer = (code: number, text: string) => new errors.ResponseError(code, text);
const noHost = (inner: object) => new errors.NoHostAvailableError(inner);

test.each([
  ["a wrong password", new errors.AuthenticationError("bad"), "credentials", false],
  [
    "a wrong password at the only node",
    noHost({ "10.0.0.1:9042": new errors.AuthenticationError("bad") }),
    "credentials",
    false,
  ],
  ["a missing table", answer(responseErrorCodes.invalid, "no unit"), "schema apply", false],
  ["a user without rights", answer(responseErrorCodes.unauthorized, "no"), "may not", false],
  ["too few replicas", answer(responseErrorCodes.unavailableException, ""), "quorum", true],
  ["an overloaded node", answer(responseErrorCodes.overloaded, "overloaded"), "overloaded", true],
  ["a node that does not answer", new errors.OperationTimedOutError("late"), "in time", true],
  ["no node", noHost({}), "no node", false],
  [
    "a node that is not believed",
    noHost({ "10.0.0.1:9042": Object.assign(new Error("old"), { code: "CERT_HAS_EXPIRED" }) }),
    "certificate is not believed",
    false,
  ],
  ["what nobody expected", new TypeError("a bug"), "a bug", false],
] as const)("%s is said in words", (_, error, words, isRepeated) => {
  expect(reasonOf(error)).toContain(words);
  expect(isWorthRepeating(error)).toBe(isRepeated);
  expect(isLoginRefused(error)).toBe(words === "credentials");
});

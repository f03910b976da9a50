import { expect, spyOn, test } from "bun:test";
import { CommanderError } from "commander";
import { k6Arguments } from "./arguments.ts";

test("a scenario is enough: then a Godwit is started for it", () => {
  expect(k6Arguments(["ramp"], {})).toEqual({
    ...{ scenario: "ramp", environment: {}, target: undefined, accounts: undefined },
  });
});

test("options become the script's environment, before what the environment says itself", () => {
  const words = "mixed --target http://127.0.0.1:1 --vus 3 --duration 20s --control-token c";
  const environment = { LOAD_VUS: "9", LOAD_TOKEN: "t", PATH: "/bin" };
  const run = k6Arguments(`${words} --accounts a.txt`.split(" "), environment);
  expect(run).toMatchObject({ target: "http://127.0.0.1:1", accounts: "a.txt" });
  expect(run.environment).toEqual({
    LOAD_TARGET: "http://127.0.0.1:1",
    LOAD_TOKEN: "t",
    LOAD_CONTROL_TOKEN: "c",
    LOAD_VUS: "3",
    LOAD_DURATION: "20s",
  });
});

test.each([
  ["another scenario", ["slope"]],
  ["a duration without a unit", ["ramp", "--duration", "20"]],
  ["nobody at all", ["ramp", "--vus", "0"]],
  ["nothing", []],
])("%s is refused before anything is started", (_, args) => {
  const told = spyOn(process.stderr, "write").mockReturnValue(true);
  expect(() => k6Arguments(args, {})).toThrow(CommanderError);
  told.mockRestore();
});

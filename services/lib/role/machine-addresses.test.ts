import { expect, test } from "bun:test";
import { isThisMachine } from "#lib/net/own-address";
import { machineAddresses } from "./machine-addresses.ts";

test("every machine has at least a loopback address", () => {
  expect(machineAddresses().filter(isThisMachine)).not.toEqual([]);
});

import { describe, expect, test } from "bun:test";
import { BlockList } from "node:net";
import { controlAddress, nodePlans, outsideRoutes, podNetwork, routesOf } from "./network.ts";

const plans = nodePlans(3);

describe("nodePlans()", () => {
  test("gives each an address, a network of pods and a zone of its own, within those of the lab", () => {
    const [first] = plans;
    expect(first).toEqual({
      name: "node1",
      address: "10.77.0.101",
      pods: "10.244.1.0/24",
      wire: "wire1",
      zone: "zone1",
    });
    for (const of of ["name", "address", "pods", "wire", "zone"] as const) {
      expect(new Set(plans.map((plan) => plan[of])).size).toBe(3);
    }
    const [network = "", bits] = podNetwork.split("/");
    const all = new BlockList();
    all.addSubnet(network, Number(bits));
    for (const { pods } of plans) expect(all.check(pods.split("/")[0] ?? "")).toBe(true);
    expect(plans.map(({ address }) => address)).not.toContain(controlAddress);
  });

  test("knows no cluster without nodes", () => {
    expect(() => nodePlans(0)).toThrow("Cannot have 0 nodes");
  });
});

test("a node sends to the others' pods by way of them, and to its own by none", () => {
  const [, second] = plans;
  if (second === undefined) throw new Error("there are three");
  expect(routesOf(second, plans)).toEqual([
    { to: "10.244.1.0/24", via: "10.77.0.101" },
    { to: "10.244.3.0/24", via: "10.77.0.103" },
  ]);
});

test("from outside Services are reached by way of the first node", () => {
  expect(outsideRoutes(plans).at(-1)).toEqual({ to: "10.96.0.0/16", via: "10.77.0.101" });
  expect(outsideRoutes(plans)).toHaveLength(4);
});

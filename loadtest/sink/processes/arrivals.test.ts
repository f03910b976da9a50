import { expect, test } from "bun:test";
import { Ledger } from "../../ledger.ts";
import { Arrivals, addTo } from "./arrivals.ts";

test("what one process tells is added to what others told", () => {
  const ledger = new Ledger();
  const arrivals = new Arrivals();
  arrivals.add({ run: "r", n: 5 }, 2);
  arrivals.add({ run: "s", n: 7 }, 1);
  arrivals.add({ run: "r", n: 6 }, 1);
  addTo(ledger, arrivals.take());
  expect(arrivals.take()).toEqual([]);
  arrivals.add({ run: "r", n: 5 }, 1);
  addTo(ledger, arrivals.take());
  expect(ledger.toText()).toBe("r-5 3\nr-6 1\ns-7 1\n");
});

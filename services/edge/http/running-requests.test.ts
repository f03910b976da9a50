import { expect, test } from "bun:test";
import { RunningRequests } from "./running-requests.ts";

test("a token has so many places, and all together have so many", () => {
  const running = new RunningRequests({ requestsMax: 3, requestsPerTokenMax: 2 });
  const begun = ["a", "a", "a", "b", "b"].map((token) => running.begin(token));
  expect(begun).toEqual(["begun", "begun", "token", "begun", "all"]);
  running.end("a");
  expect(running.begin("b")).toBe("begun");
});

test("it says when none runs any more", async () => {
  const running = new RunningRequests({ requestsMax: 3, requestsPerTokenMax: 2 });
  await running.emptied();
  running.begin("a");
  running.begin("b");
  let isEmpty = false;
  const emptied = running.emptied().then(() => {
    isEmpty = true;
  });
  running.end("a");
  await Promise.resolve();
  expect(isEmpty).toBe(false);
  running.end("b");
  await emptied;
});

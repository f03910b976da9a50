import { describe, expect, test } from "bun:test";
import type { Notify } from "#lib/queue/unit";
import { type Happening, notificationDue } from "./wanted.ts";

const happenings = ["failed", "delayed", "delivered", "relayed", "passedOn"] as const;

function dueFor(reversePath: string, notify: readonly Notify[] | undefined): Happening[] {
  const recipient = notify === undefined ? {} : { notify };
  return happenings.filter((h) => notificationDue(reversePath, recipient, h) !== undefined);
}

describe("notificationDue()", () => {
  test.each([
    ["without NOTIFY: failures and delays", undefined, ["failed", "delayed"]],
    ["NEVER: nothing", ["never"], []],
    ["FAILURE: failures only", ["failure"], ["failed"]],
    ["DELAY: delays only", ["delay"], ["delayed"]],
    ["SUCCESS: delivered and relayed only", ["success"], ["delivered", "relayed"]],
    ["SUCCESS,FAILURE: both ends", ["success", "failure"], ["failed", "delivered", "relayed"]],
    [
      "all three: everything but what the next hop will tell",
      ["success", "failure", "delay"],
      ["failed", "delayed", "delivered", "relayed"],
    ],
  ] satisfies [string, Notify[] | undefined, Happening[]][])("%s", (_, notify, expected) => {
    expect(dueFor("a@client.example", notify)).toEqual(expected);
  });

  test("is never due to the null reverse-path, whatever NOTIFY says", () => {
    expect(dueFor("", undefined)).toEqual([]);
    expect(dueFor("", ["success", "failure", "delay"])).toEqual([]);
  });

  test("its action is what happened", () => {
    const recipient = { notify: ["success", "failure", "delay"] as const };
    expect(notificationDue("a@b", recipient, "failed")).toBe("failed");
    expect(notificationDue("a@b", recipient, "delayed")).toBe("delayed");
    expect(notificationDue("a@b", recipient, "delivered")).toBe("delivered");
    expect(notificationDue("a@b", recipient, "relayed")).toBe("relayed");
  });
});

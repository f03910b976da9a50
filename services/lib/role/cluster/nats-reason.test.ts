import { expect, test } from "bun:test";
import { errors } from "@nats-io/transport-node";
import { natsReason } from "./nats-reason.ts";

test.each<readonly [unknown, string]>([
  [new errors.AuthorizationError("Authorization Violation"), "refuses our user, token"],
  [new errors.UserAuthenticationExpiredError("expired"), "our credentials have expired"],
  [new errors.TimeoutError(), "JetStream gives no answer"],
  [new Error("connection refused"), "no server can be reached: connection refused"],
  [
    Object.assign(new Error("self signed"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
    "certificate is not believed (nats.tls.ca, or its name): self signed",
  ],
  ["odd", "no server can be reached: odd"],
])("an error is told in words: %#", (error, text) => {
  expect(natsReason(error)).toContain(text);
});

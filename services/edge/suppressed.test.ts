/** Recipients whom nothing may be sent to, where they are refused at RCPT. */
import { expect, test } from "bun:test";
import {
  edgeConfig,
  inboundListener,
  submissionListener,
} from "../../test/support/edge/edge-config.ts";
import { MemoryEdge } from "../../test/support/edge/memory-edge.ts";
import type { SuppressedRecipients } from "./submission/suppressed-recipients.ts";

const config = edgeConfig({
  listeners: [
    inboundListener(),
    submissionListener({ trustedNetworks: ["198.51.100.0/24"], auth: "always" }),
  ],
  users: [{ name: "alice", passwordHash: "wonderland", tenant: "acme" }],
});

/** Keeps mail of `acme` from Joe, and all mail from Kim, who was lifted meanwhile. */
const suppressed: SuppressedRecipients = (path, tenant) => {
  if (path === "joe@x.example" && tenant === "acme") return Promise.resolve(true);
  return path === "kim@x.example" ? Promise.resolve(false) : undefined;
};
const alice = Buffer.from("\0alice\0wonderland").toString("base64");

test("the user's own are refused at RCPT, and nothing else of the transaction is", async () => {
  const edge = await MemoryEdge.start(config, { suppressed });
  const client = await edge.client({ name: "submission" });
  expect(await client.codes(`AUTH PLAIN ${alice}`)).toEqual(["235 2.7.0"]);
  const codes = await client.codes(
    "MAIL FROM:<alice@x.example>",
    "RCPT TO:<joe@x.example>",
    "RCPT TO:<kim@x.example>",
    "RCPT TO:<ann@x.example>",
  );
  expect(codes).toEqual(["250 2.1.0", "550 5.7.1", "250 2.1.5", "250 2.1.5"]);
  expect(edge.lines).toContainEqual(
    expect.objectContaining({
      event: "recipient_refused",
      fields: expect.objectContaining({ path: "joe@x.example", code: 550 }),
    }),
  );
});

test("another's mail is taken", async () => {
  const edge = await MemoryEdge.start(config, { suppressed });
  const client = await edge.client({ name: "submission" });
  const codes = await client.codes("MAIL FROM:<a@x.example>", "RCPT TO:<joe@x.example>");
  expect(codes).toEqual(["250 2.1.0", "250 2.1.5"]);
});

test("an inbound listener asks about nobody", async () => {
  const edge = await MemoryEdge.start(config, { suppressed: () => Promise.resolve(true) });
  const client = await edge.client({ name: "inbound" });
  const codes = await client.codes("MAIL FROM:<a@x.example>", "RCPT TO:<b@local.example>");
  expect(codes).toEqual(["250 2.1.0", "250 2.1.5"]);
});

import { expect, test } from "bun:test";
import { isIntact } from "../content.ts";
import { Jobs } from "./job.ts";

const options = {
  run: "r",
  sizesBytes: [1_024],
  recipients: 1,
  domains: ["a.example", "b.example"],
  localPart: "load",
  reversePath: "load@load.example",
};

test("a job is of the next domain, and as its digest says", () => {
  const { forwardPaths, mailData } = new Jobs(options).job(1);
  expect(forwardPaths).toEqual(["load+1.0@b.example"]);
  expect(mailData.toString("latin1")).toStartWith("X-Load-Id: r-1\r\n");
});

test("a tenant's mail says so above all that the digest is of", () => {
  const text = new Jobs({ ...options, tenant: "acme" }).job(0).mailData.toString("latin1");
  const field = "X-Godwit-Tenant: acme\r\n";
  expect(text).toStartWith(`${field}X-Load-Id: r-0\r\n`);
  const content = text.replace(/\.\r\n$/, "").replaceAll("\r\n..", "\r\n.");
  expect(isIntact(Buffer.from(content, "latin1"))).toBe(true);
});

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
  const job = new Jobs(options).job(1);
  expect(job.mail.toString()).toBe("MAIL FROM:<load@load.example>\r\n");
  expect(job.rcpt(0).toString()).toBe("RCPT TO:<load+1.0@b.example>\r\n");
  expect(job.mailData("data").toString("latin1")).toStartWith("X-Load-Id: r-1\r\n");
});

test("each recipient is of the next domain, however many there are", () => {
  for (const count of [2, 30_000]) {
    const domains = Array.from({ length: count }, (_, i) => `d${i}.example`);
    const jobs = new Jobs({ ...options, recipients: 2, domains });
    const paths = [jobs.job(0), jobs.job(count + 1)].map((it) => {
      return it.envelope(Buffer.from("DATA\r\n")).toString().split("\r\n").slice(1, 3);
    });
    expect(paths).toEqual([
      ["RCPT TO:<load+0.0@d0.example>", "RCPT TO:<load+0.1@d1.example>"],
      [
        `RCPT TO:<load+${count + 1}.0@d1.example>`,
        `RCPT TO:<load+${count + 1}.1@d${2 % count}.example>`,
      ],
    ]);
  }
});

test("a tenant's mail says so above all that the digest is of", () => {
  const jobs = new Jobs({ ...options, tenant: "acme" });
  const text = jobs.job(0).mailData("data").toString("latin1");
  const field = "X-Godwit-Tenant: acme\r\n";
  expect(text).toStartWith(`${field}X-Load-Id: r-0\r\n`);
  const content = text.replace(/\.\r\n$/, "").replaceAll("\r\n..", "\r\n.");
  expect(isIntact(Buffer.from(content, "latin1"))).toBe(true);
});

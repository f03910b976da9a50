import { beforeEach, describe, expect, test } from "bun:test";
import { OperatorBench } from "../../../../test/support/cli/operator-bench.ts";

let bench: OperatorBench;

beforeEach(() => {
  bench = new OperatorBench();
});

const run = (...args: string[]) => bench.run("suppression", ...args);
const listed = async () => JSON.parse((await run("list", "--json")).out).entries;

describe("suppression add and remove", () => {
  test("an address is put on the list for a while, and taken off it", async () => {
    const added = await run("add", "Joe@Example.com", "--for", "90d", "--note", "asked us to");
    expect(added).toEqual({ code: 0, out: "Nothing more is sent to joe@example.com\n", err: "" });
    expect((await run("list")).out.split("\n")).toEqual([
      "ADDRESS          TENANT  REASON   SINCE (UTC)          ENDS    NOTE",
      "joe@example.com          by-hand  2026-11-18 11:06:40  in 90d  asked us to",
      "",
    ]);
    const removed = await run("remove", "joe@EXAMPLE.com");
    expect(removed.out).toBe("joe@example.com is not on the list any more\n");
    expect(removed.err).toBe("");
    expect(await listed()).toEqual([]);
    expect((await run("remove", "joe@example.com")).out).toBe(
      "joe@example.com was not on the list\n",
    );
  });

  test("a tenant's entry is another one than everybody's", async () => {
    await run("add", "example.com", "--tenant", "acme");
    const refused = await run("remove", "example.com");
    expect(refused.out).toBe("example.com was not on the list\n");
    expect(refused.err).toMatch(
      /^This keeps mail from it:\nADDRESS .*\nexample\.com +acme +by-hand/,
    );
    expect((await run("show", "joe@example.com", "--tenant", "other")).err).toBe(
      "Nothing keeps mail for other from joe@example.com.\n",
    );
    const shown = await run("show", "joe@example.com", "--tenant", "acme", "--json");
    expect(JSON.parse(shown.out)).toEqual({
      entries: [
        { address: "example.com", tenant: "acme", reason: "by-hand", at: 1_795_000_000_000 },
      ],
    });
  });

  test("without a tenant all that keeps mail from an address is shown, whosever mail it is", async () => {
    await run("add", "joe@example.com", "--tenant", "acme");
    await run("add", "example.com", "--tenant", "blue");
    await run("add", "joe@example.com");
    await run("add", "ann@example.com", "--tenant", "acme");
    const shown = JSON.parse((await run("show", "joe@example.com", "--json")).out);
    const told = shown.entries.map(
      (entry: { address: string; tenant?: string }) => `${entry.tenant ?? "all"} ${entry.address}`,
    );
    expect(told).toEqual(["all joe@example.com", "acme joe@example.com", "blue example.com"]);
    expect((await run("show", "jim@example.org")).err).toBe(
      "Nothing keeps mail from jim@example.org.\n",
    );
  });

  test("where there are more tenants than are looked at, that is said", async () => {
    bench.answer = () => Response.json({ entries: [], isWhole: false });
    const { out, err } = await run("show", "joe@example.com");
    expect(out).toBe("");
    expect(err).toBe(
      "There are too many tenants to look at all: --tenant NAME for others.\n" +
        "Nothing keeps mail from joe@example.com.\n",
    );
  });

  test("workers are told to look at once", async () => {
    await run("add", "joe@example.com");
    expect(bench.idleWorker.commands.map(({ verb }) => verb)).toEqual(["suppressions.look"]);
  });

  test.each([
    [["add", "no address"], '"no address" is neither a mailbox nor a domain'],
    [
      ["add", "joe@example.com", "--for", "90"],
      '--for: "90" is no span of time (with a unit, such as 90s)',
    ],
    [["add", "joe@example.com", "--tenant", "a b"], '"a b" is no name'],
    [["import", "nowhere.csv"], 'Cannot read "nowhere.csv"'],
  ])("%j is asked wrongly", async (args, why) => {
    const { code, err } = await run(...args);
    expect(code).toBe(2);
    expect(err).toContain(why);
  });
});

describe("suppression list", () => {
  test("goes on in pages until the limit, and says where", async () => {
    for (const name of ["a", "b", "c"]) await run("add", `${name}.example`);
    const { out, err } = await run("list", "--limit", "2");
    expect(
      out
        .split("\n")
        .slice(1, 3)
        .map((row) => row.split(" ")[0]),
    ).toEqual(["a.example", "b.example"]);
    const [, after = ""] = /--after '(.*?)'/.exec(err) ?? [];
    expect((await run("list", "--after", after)).out).toContain("c.example");
  });
});

describe("suppression import and export", () => {
  const withFile = (text: string) => {
    bench.files.set("list.csv", text);
    return "list.csv";
  };

  test("good lines are imported, bad ones are told by number", async () => {
    const file = withFile("address,tenant\na@x.example,acme\nnonsense here,\nb@x.example,\n");
    const { code, out, err } = await run("import", file, "--reason", "complaint", "--for", "1d");
    expect([code, out]).toEqual([1, "2 are on the list\n"]);
    expect(err).toBe(
      'line 3: "nonsense here" is neither a mailbox nor a domain\n1 line is bad, and not imported.\n',
    );
    expect(await listed()).toMatchObject([
      { address: "b@x.example", reason: "complaint", expiresAt: 1_795_086_400_000 },
      { address: "a@x.example", tenant: "acme", reason: "complaint" },
    ]);
  });

  test("thousands go in batches that the API takes", async () => {
    const lines = Array.from({ length: 2_300 }, (_, n) => `user${n}@example.net`);
    const { code, out } = await run("import", withFile(lines.join("\n")), "--tenant", "acme");
    expect([code, out]).toEqual([0, "2300 are on the list\n"]);
    expect(bench.requests.filter((it) => it.startsWith("POST"))).toHaveLength(5);
    const page = await bench.store.suppressions.page({ tenant: "acme", limit: 9_999 });
    expect(page.entries).toHaveLength(2_300);
  });

  test("a dry run asks nobody", async () => {
    const { code, out } = await run("import", withFile("a.example\nb c\n"), "--dry-run", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      entries: 1,
      badLines: [{ line: 2, fault: '"b c" is neither a mailbox nor a domain' }],
    });
    expect(bench.requests).toEqual([]);
  });

  test("an API that gives up in the midst leaves no doubt how far it came", async () => {
    let posts = 0;
    bench.answer = () => {
      posts += 1;
      if (posts === 1) return Response.json({ put: 500 });
      return Response.json({ error: "the store is away" }, { status: 503 });
    };
    const lines = Array.from({ length: 700 }, (_, n) => `user${n}@x.example`);
    const { code, err } = await run("import", withFile(lines.join("\n")));
    expect(code).toBe(1);
    expect(err).toContain("the store is away\nImported up to line 500.");
  });

  test.each(["csv", "jsonl"])("what is exported as %s is imported as it was", async (format) => {
    await run("add", "joe@example.com", "--tenant", "acme", "--note", 'a "b", c', "--for", "1d");
    await run("add", "example.org");
    const before = await listed();
    const { out } = await run("export", "--format", format);
    await run("remove", "example.org");
    await run("remove", "joe@example.com", "--tenant", "acme");
    expect((await run("import", withFile(out))).code).toBe(0);
    expect(await listed()).toEqual(before);
  });
});

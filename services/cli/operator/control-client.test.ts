import { beforeEach, describe, expect, test } from "bun:test";
import { OperatorBench } from "../../../test/support/cli/operator-bench.ts";

const unreachable =
  "The control API at http://127.0.0.1:8025 cannot be reached.\n" +
  "Is Godwit running (npm start), and with this configuration (--config)?\n";

let bench: OperatorBench;

beforeEach(() => {
  bench = new OperatorBench();
});

describe("whom it asks", () => {
  test.each([
    ["", "http://127.0.0.1:8025"],
    ["control: { address: 0.0.0.0, port: 8026 }", "http://127.0.0.1:8026"],
    ['control: { address: "::" }', "http://[::1]:8025"],
    ["control: { address: 192.0.2.1 }", "http://192.0.2.1:8025"],
    ['control: { address: "2001:db8::1" }', "http://[2001:db8::1]:8025"],
  ])("with %j it is %s", async (configuration, base) => {
    bench.configuration = configuration;
    await bench.run("queue", "summary");
    expect(bench.requests).toEqual([`GET ${base}/v1/queue/summary`]);
  });

  test("without a file it is the default", async () => {
    bench.configuration = undefined;
    await bench.run("queue", "summary");
    expect(bench.requests).toEqual(["GET http://127.0.0.1:8025/v1/queue/summary"]);
  });

  test("--url comes first", async () => {
    await bench.run("queue", "summary", "--url", "https://mta2.example.net/");
    expect(bench.requests).toEqual(["GET https://mta2.example.net/v1/queue/summary"]);
  });

  test("with --url and --token-file no configuration is needed", async () => {
    bench.configuration = "users: [{ name: alice, passwordHash: { env: NOT_HERE } }]\n";
    const url = ["--url", "http://127.0.0.1:1"];
    expect((await bench.run("queue", "summary", ...url)).code).toBe(2);
    const { code, err } = await bench.run("queue", "summary", ...url, "--token-file", "t");
    expect(code).toBe(1);
    expect(err).toStartWith('Cannot read the control token "t".\n');
  });

  test("a token in the configuration needs no file", async () => {
    bench.token = undefined;
    bench.configuration = "control: { token: a-token-of-our-own }\n";
    expect((await bench.run("queue", "summary")).code).toBe(0);
    bench.configuration = "control: { token: a-token-of-others }\n";
    const { err } = await bench.run("queue", "summary");
    expect(err).toContain("does not take the configured token");
  });

  test("a port that is not fixed must be told", async () => {
    bench.configuration = "control: { port: 0 }\n";
    const { code, err } = await bench.run("queue", "summary");
    expect(code).toBe(2);
    expect(err).toContain("--url http://127.0.0.1:<port>");
  });

  test("a faulty configuration is told, and nobody is asked", async () => {
    bench.configuration = "hostnam: x\n";
    expect(await bench.run("queue", "summary")).toEqual({
      code: 2,
      out: "",
      err: "godwit.yaml:1:1: hostnam: is not a known key (did you mean hostname?)\n1 fault in the configuration\n",
    });
    expect(bench.requests).toEqual([]);
  });
});

describe("what it makes of failures", () => {
  test.each([
    ["nobody listens", () => Promise.reject(new TypeError("refused")), unreachable],
    [
      "no answer comes",
      () => Promise.reject(new DOMException("late", "TimeoutError")),
      unreachable.replace("cannot be reached", "gives no answer"),
    ],
    [
      "the store is away",
      () => Response.json({ error: "the store\u001b[2J is away" }, { status: 503 }),
      "The control API at http://127.0.0.1:8025: the store [2J is away\n",
    ],
    [
      "it is no control API",
      () => new Response("<html>", { status: 502 }),
      "The control API at http://127.0.0.1:8025: says 502\n",
    ],
    [
      "it is an older one",
      () => Response.json({ error: "there is no such thing" }, { status: 404 }),
      "The control API at http://127.0.0.1:8025 knows no /v1/queue: is it older?\n",
    ],
  ])("%s", async (_, answer, err) => {
    bench.answer = answer;
    expect(await bench.run("queue", "list")).toEqual({ code: 1, out: "", err });
  });

  test.each([{ units: "many" }, "text", null])("an answer that is %j", async (answer) => {
    bench.answer = () => Response.json(answer);
    const { code, err } = await bench.run("queue", "list");
    expect(code).toBe(1);
    expect(err).toContain("answers what this version does not understand.\n");
  });

  test("another Godwit's token", async () => {
    bench.token = "another one, long enough";
    const { code, err } = await bench.run("queue", "list");
    expect(code).toBe(1);
    expect(err).toContain("does not take the token of");
  });

  test("no token at all", async () => {
    bench.token = undefined;
    const { code, err } = await bench.run("queue", "list");
    expect(code).toBe(1);
    expect(err).toContain("Godwit makes it at its first start");
  });
});

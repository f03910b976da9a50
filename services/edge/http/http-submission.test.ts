/** HTTP on real sockets of loopback: listening, TLS, a change of settings, and the end. */
import { afterEach, describe, expect, test } from "bun:test";
import { connect } from "node:tls";
import { edgeConfig } from "../../../test/support/edge/edge-config.ts";
import { acme, acmeToken } from "../../../test/support/edge/http-bench.ts";
import { RunningEdge } from "../../../test/support/edge/running-edge.ts";
import type { EdgeConfig } from "../config.ts";
import { makeIdentity } from "../identity.ts";
import { hashOfToken } from "./tokens.ts";

const listener = {
  name: "http",
  address: "127.0.0.1",
  port: 0,
  tls: { implicit: false },
  limits: {},
};
const first = await makeIdentity("first.example");
const second = await makeIdentity("second.example");

let running: RunningEdge | undefined;

afterEach(async () => {
  await running?.edge.stop();
});

async function start(overrides: Partial<EdgeConfig> = {}): Promise<[RunningEdge, EdgeConfig]> {
  const config = edgeConfig({
    identity: first,
    http: {
      listeners: [listener, { ...listener, name: "https", tls: { implicit: true } }],
      tokens: [acme],
    },
    ...overrides,
  });
  running = await RunningEdge.start(config);
  return [running, config];
}

function post(edge: RunningEdge, { name = "http", token = acmeToken } = {}): Promise<Response> {
  const { address, port } = edge.at(name);
  const scheme = name === "https" ? "https" : "http";
  return fetch(`${scheme}://${address}:${port}/v1/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ from: "a@b.example", to: ["c@d.example"], text: "x" }),
    tls: { rejectUnauthorized: false },
  });
}

test.each(["http", "https"])("mail comes in by %s, and says so", async (name) => {
  const [edge] = await start();
  expect((await post(edge, { name })).status).toBe(202);
  const head = `Received: from [127.0.0.1] ([127.0.0.1])\r\n\tby edge.example with ${name.toUpperCase()} id`;
  expect(edge.intake.lastContent).toStartWith(head);
});

test("the document is there for everybody", async () => {
  const [edge] = await start();
  const { address, port } = edge.at("http");
  const answer = await fetch(`http://${address}:${port}/v1/openapi.json`);
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(await answer.json()).toMatchObject({ openapi: "3.1.0" });
});

test("a place that is taken is told, and nothing is left listening", async () => {
  const [edge] = await start();
  const { port } = edge.at("http");
  const listeners = [listener, { ...listener, name: "other", port }];
  let told: unknown;
  await RunningEdge.start(edgeConfig({ http: { listeners, tokens: [] } })).catch((error) => {
    told = error;
  });
  expect(String(told)).toContain(`Cannot listen on 127.0.0.1 port ${port}`);
});

describe("a reload", () => {
  test("takes over tokens and limits at once", async () => {
    const [edge, config] = await start();
    const tokens = [{ ...acme, tokenHash: hashOfToken("gdw_new") }];
    const listeners = [{ ...listener, limits: { recipientsMax: 0 } }];
    edge.edge.reload({ ...config, http: { listeners, tokens } });
    expect((await post(edge)).status).toBe(401);
    expect((await post(edge, { token: "gdw_new" })).status).toBe(413);
  });

  test("shows another certificate at the same place, and what runs goes on", async () => {
    const [edge, config] = await start();
    const at = edge.at("https");
    expect(await certificateName(at.port)).toBe("first.example");
    edge.edge.reload({ ...config, identity: second });
    expect(edge.at("https")).toEqual(at);
    expect(await certificateName(at.port)).toBe("second.example");
    expect((await post(edge, { name: "https" })).status).toBe(202);
  });
});

/** Whom the certificate is for that a new client is shown. */
function certificateName(port: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

describe("when the edge stops", () => {
  test("a running request has its answer, and a new one no listener", async () => {
    const held = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const [edge] = await start();
    const accept = edge.intake.accept.bind(edge.intake);
    edge.intake.accept = async (message) => {
      entered.resolve();
      await held.promise;
      await accept(message);
    };
    const answer = post(edge);
    await entered.promise;
    const stopped = edge.edge.stop();
    held.resolve();
    expect((await answer).status).toBe(202);
    await stopped;
    const late = await post(edge).catch(() => "nobody listens");
    expect(late).toBe("nobody listens");
  });
});

import { describe, expect, test } from "bun:test";
import { JetStreamApiError, type JetStreamManager } from "@nats-io/jetstream";
import { clusterNames } from "#proto/subjects";
import { failureOf } from "../../../test/support/failure.ts";
import { streamReplicas } from "./stream-replicas.ts";

const names = clusterNames();
const second = 1e9;
const heard = { offline: false, active: second / 2, current: true, lag: 0 };
const good = [
  { name: "n1", ...heard },
  { name: "n2", ...heard },
];
const notFound = new JetStreamApiError({ code: 404, err_code: 10_059, description: "not found" });

type Answer = { readonly leader: string; readonly replicas: readonly object[] } | Error;

/** With events unless something else is said of that stream. */
function replicasWhere(special: Readonly<Record<string, Answer>>, usual: Answer = led(good)) {
  const info = async (stream: string) => {
    const answer = special[stream] ?? usual;
    if (answer instanceof Error) throw answer;
    return { config: { num_replicas: 3 }, cluster: answer };
  };
  const manager = { streams: { info } } as unknown as JetStreamManager;
  return streamReplicas({ manager, names, shards: 2 });
}

function led(replicas: readonly object[]): Answer {
  return { leader: "n0", replicas };
}

const withSecond = (of: Partial<typeof heard>) => led([good[0] ?? {}, { ...good[1], ...of }]);

describe("streamReplicas()", () => {
  test("of a cluster in which nothing is wrong", async () => {
    expect(await replicasWhere({})).toEqual({ streams: 11, lacking: [] });
  });

  test("does without a stream of events, and without no other", async () => {
    for (const answer of [notFound, new Error("timeout")]) {
      expect(await replicasWhere({ EVENTS: answer })).toEqual({ streams: 10, lacking: [] });
    }
    const lacking = [{ stream: "KV_mta_once", faults: [{ kind: "missing" }] }] as const;
    expect(await replicasWhere({ KV_mta_once: notFound })).toEqual({ streams: 11, lacking });
  });

  test.each([
    ["is told to be away", withSecond({ offline: true }), [{ kind: "away", server: "n2" }]],
    ["is silent", withSecond({ active: 11 * second }), [{ kind: "away", server: "n2" }]],
    ["is some entries behind, as under load", withSecond({ current: false, lag: 100 }), []],
    [
      "is far behind",
      withSecond({ current: false, lag: 101 }),
      [{ kind: "behind", server: "n2", entries: 101 }],
    ],
    [
      "was not heard since the election",
      withSecond({ current: false, active: 0, lag: 2 }),
      [{ kind: "away", server: "n2" }],
    ],
    ["was removed, and nobody is in its place", led(good.slice(0, 1)), [{ kind: "unplaced" }]],
    ["has no leader to answer to", { leader: "", replicas: good }, [{ kind: "leaderless" }]],
    ["does not answer, like all others", new Error("timeout"), [{ kind: "silent" }]],
  ])("a replica that %s", async (_, answer, faults) => {
    const { lacking } = await replicasWhere({ Q001: answer });
    expect(lacking.map(({ stream }) => stream)).toEqual(faults.length === 0 ? [] : ["Q001"]);
    expect(lacking[0]?.faults ?? []).toMatchObject(faults);
  });

  test("of which nobody tells anything is an error", async () => {
    const failure = await failureOf(replicasWhere({}, new Error("no connection")));
    expect(failure).toMatchObject({ cause: new Error("no connection") });
  });
});

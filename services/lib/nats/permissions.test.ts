/** That they are enough, and refuse the rest, is shown on a real server: `test/cluster`. */
import { expect, test } from "bun:test";
import { clusterNames } from "#proto/subjects";
import { authorizationText, natsRoles, permissionsOf } from "./permissions.ts";

const options = { names: clusterNames("t"), shards: 2 };

test("an edge writes mail and nothing else of the queue; only workers read it, or answer", () => {
  const edge = permissionsOf("edge", options);
  const delivery = permissionsOf("delivery", options);
  const control = permissionsOf("control", options);
  for (const subject of ["mta-t.q.001.n.>", "mta-t.q.001.h.>", "mta-t.split", "mta-t.body.>"]) {
    expect(edge.publish).toContain(subject);
    expect(control.publish).not.toContain(subject);
  }
  for (const subject of ["mta-t.j.>", "$KV.mta_t_shards.>", "$JS.API.STREAM.PURGE.t-Q001"]) {
    expect(delivery.publish).toContain(subject);
    expect(edge.publish).not.toContain(subject);
  }
  for (const subject of ["$KV.mta_t_keys.>", "$JS.API.STREAM.MSG.GET.KV_mta_t_keys"]) {
    expect(edge.publish).toContain(subject);
    expect([...delivery.publish, ...control.publish]).not.toContain(subject);
  }
  expect([edge, control, delivery].map(({ responsesMax }) => responsesMax > 0)).toEqual([
    false,
    false,
    true,
  ]);
});

test("nobody hears the answers of others, and no role may make, change or remove a stream", () => {
  for (const role of natsRoles) {
    const { publish, subscribe } = permissionsOf(role, options);
    expect(subscribe[0]).toBe(`_INBOX.godwit-${role}.>`);
    expect(subscribe).not.toContain("_INBOX.>");
    expect(publish.filter((it) => /STREAM\.(CREATE|UPDATE|DELETE)|^>$|API\.>$/.test(it))).toEqual(
      [],
    );
  }
});

test("who reads a stream may do so with one filter and with several, which are two subjects", () => {
  const ways = (stream: string) => ["", ".>"].map((it) => `$JS.API.CONSUMER.CREATE.${stream}${it}`);
  const { publish } = permissionsOf("delivery", options);
  expect(publish).toEqual(expect.arrayContaining([...ways("t-JOURNAL"), ...ways("t-Q001")]));
  const control = permissionsOf("control", options);
  expect(control.publish).toEqual(expect.arrayContaining(ways("t-EVENTS")));
});

test("the servers' configuration has each user, and no password in it", () => {
  const text = authorizationText(options);
  for (const role of ["admin", ...natsRoles]) {
    const variable = `$GODWIT_${role.toUpperCase()}_PASSWORD`;
    expect(text).toContain(`{ user: "godwit-${role}", password: ${variable}`);
  }
  expect(text).toContain('subscribe: { allow: ["_INBOX.godwit-delivery.>", "mta-t.ctl.>"] }');
  expect(text).toContain('allow_responses: { max: 10000, expires: "1m" }');
});

import { expect, test } from "bun:test";
import { bodyHeader, decodeFrame, encodeFrame } from "#proto/frame";
import { encodeSplit } from "#proto/split";
import { clusterNames } from "#proto/subjects";
import { encodeUnit } from "#proto/unit";
import { destinationIn, newMessage, shards } from "../../../../test/conformance/fixtures.ts";
import { hexOf } from "../../../../test/support/records.ts";
import { fanOut } from "./fan-out.ts";

const place = { names: clusterNames(), shards };
const message = newMessage({ to: [destinationIn(1), destinationIn(3)] });
const records = message.units.map(encodeUnit);
const { id, content } = message;
const rubbish = new Uint8Array([1, 2, 3]);

const data = (units: readonly Uint8Array[]) =>
  encodeFrame({ record: encodeSplit({ units }), content });

test("each unit goes to its shard under its uid, with the content", () => {
  const { letters, poison } = fanOut({ id, data: data(records) }, place);
  expect(poison).toEqual([]);
  expect(letters.map((letter) => [letter.id, letter.stream])).toEqual([
    [`${id}.0`, "Q001"],
    [`${id}.1`, "Q003"],
  ]);
  const frames = letters.map((letter) => decodeFrame(letter.data));
  expect(frames.map(({ record }) => hexOf(record))).toEqual(records.map(hexOf));
  expect(frames.map((frame) => hexOf(frame.content))).toEqual([hexOf(content), hexOf(content)]);
});

test("where the content stands is said with each unit", () => {
  const { letters } = fanOut({ id, data: data(records), body: "3/2" }, place);
  expect(letters.map(({ headers }) => headers)).toEqual(Array(2).fill({ [bodyHeader]: "3/2" }));
});

test("a unit that nobody can read goes to a shard, too, and the others to theirs", () => {
  const [first = rubbish] = records;
  const { letters, poison } = fanOut({ id, data: data([rubbish, first]) }, place);
  expect(poison).toHaveLength(1);
  expect(letters.map((letter) => letter.id)).toEqual([`${id}.0`, `${id}.1`]);
  expect(letters[0]?.subject).toEndWith(".n.undecodable");
});

test.each([
  ["no frame", rubbish],
  ["no split", encodeFrame({ record: rubbish, content })],
])("a message that is %s goes on whole", (_, whole) => {
  const { letters, poison } = fanOut({ id, data: whole }, place);
  expect(poison).toHaveLength(1);
  expect(letters.map((letter) => letter.id)).toEqual([`${id}.0`]);
  expect(hexOf(decodeFrame(letters[0]?.data ?? rubbish).record)).toBe(hexOf(whole));
});

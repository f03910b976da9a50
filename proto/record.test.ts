import { describe, expect, test } from "bun:test";
import { bytesOf } from "../test/support/records.ts";
import * as record from "./record.ts";

describe("record", () => {
  test("a value survives being written and read", () => {
    const value = { a: [1, null, "ü", true], b: new Uint8Array([1, 2]) };
    expect(record.decodeRecord(record.encodeRecord(value), "value")).toEqual(value);
  });

  test("a failure carries its cause", () => {
    const decode = () => record.decodeRecord(bytesOf("dc"), "value");
    expect(decode).toThrow("Cannot decode value: not a msgpack value");
  });

  test.each(["ddffffffff", "dbffffffff", "dfffffffff"])(
    "%s: a hostile length reserves no memory",
    (hex) => {
      expect(() => record.decodeRecord(bytesOf(hex), "value")).toThrow(record.UndecodableRecord);
    },
  );

  const accepted: [string, (value: unknown, what: string) => unknown, unknown][] = [
    ["a domain", record.readDestination, "xn--bcher-kva.example"],
    ["an address literal", record.readDestination, "[IPv6:2001:DB8::1]"],
    ["the null reverse-path", record.readPath, ""],
    ["a quoted local part", record.readPath, '"a<b>\\"c"@example.com'],
    ["a status", record.readStatus, "5.7.26"],
    ["a uid", record.readUid, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ.1000"],
  ];
  test.each(accepted)("accepts %s", (_, read, value) => {
    expect(read(value, "value")).toBe(value);
  });

  const refused: [string, (value: unknown, what: string) => unknown, unknown][] = [
    ["a status with text", record.readStatus, "5.7.26 no"],
    ["a status of class 3", record.readStatus, "3.0.0"],
    ["a uid with a leading zero", record.readUid, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ.01"],
    ["a destination in angle brackets", record.readDestination, "<example.com>"],
    ["a destination that is a mailbox", record.readDestination, "a@example.com"],
    ["DEL in a word", record.readWord, "a\u007f"],
    ["an infinite count", record.readCount, Number.POSITIVE_INFINITY],
    ["a count beyond safety", record.readCount, 2 ** 60],
    ["bytes as a map", record.readMap, new Uint8Array(2)],
    ["a date as a map", record.readMap, new Date(0)],
    ["null as a map", record.readMap, null],
  ];
  test.each(refused)("refuses %s", (_, read, value) => {
    expect(() => read(value, "value")).toThrow(record.UndecodableRecord);
  });
});

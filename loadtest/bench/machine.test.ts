import { expect, test } from "bun:test";
import { fileSystemOf } from "./machine.ts";

const mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\nx /tmp/deep xfs rw 0 0\n";

test.each([
  ["/var/tmp", "ext4"],
  ["/tmp", "tmpfs"],
  ["/tmp/a", "tmpfs"],
  ["/tmpfile", "ext4"],
  ["/tmp/deep/a", "xfs"],
])("fileSystemOf(%j) is %s", (path, type) => {
  expect(fileSystemOf(path, mounts)).toBe(type);
});

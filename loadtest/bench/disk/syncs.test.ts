import { expect, test } from "bun:test";
import { syncsIn } from "./syncs.ts";

test("syncsIn() counts each call once, for a message", () => {
  const trace = `17 fdatasync(13 <unfinished ...>
18   fsync(4) = 0
17 <... fdatasync resumed>) = 0
170 fdatasync(13) = 0
18 fsync(4) = -1 EIO (Input/output error)
18 rename("a", "b") = 0
18 +++ exited with 0 +++
`;
  expect(syncsIn(trace, 2)).toEqual({ fdatasync: 1, fsync: 1 });
  expect(syncsIn("", 2)).toEqual({});
});

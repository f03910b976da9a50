/** What stands in a file system: what an image's layers are made of. */
export type Entry = FileEntry | FolderEntry;

export interface FileEntry {
  readonly kind: "file";
  /** From the root, without a slash before it. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly isExecutable: boolean;
}

export interface FolderEntry {
  readonly kind: "folder";
  readonly path: string;
  /** As /tmp is. */
  readonly isWritableByAll: boolean;
}

export function file(path: string, content: Uint8Array | string): FileEntry {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return { kind: "file", path, bytes, isExecutable: false };
}

export function executable(path: string, content: Uint8Array | string): FileEntry {
  return { ...file(path, content), isExecutable: true };
}

/** Its permissions. */
export function modeOf(entry: Entry): number {
  if (entry.kind === "folder") return entry.isWritableByAll ? 0o1777 : 0o755;
  return entry.isExecutable ? 0o755 : 0o644;
}

/**
 * With the folders that lead to each entry, once, and in the order of their paths: the same files
 * make the same archive wherever and in whatever order they were read.
 */
export function complete(entries: readonly Entry[]): readonly Entry[] {
  const byPath = new Map<string, Entry>();
  for (const entry of entries) {
    const steps = entry.path.split("/");
    for (let i = 1; i < steps.length; i++) {
      const path = steps.slice(0, i).join("/");
      if (!byPath.has(path)) byPath.set(path, { kind: "folder", path, isWritableByAll: false });
    }
    byPath.set(entry.path, entry);
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What all layers come to together: each entry with the last word on each of its keys. */
import type { Entry } from "./entry.ts";
import type { EntryPath, Layer } from "./layer.ts";

interface NamedEntry {
  readonly name: string;
  readonly entry: Entry;
}

export class Rules {
  readonly #entries = new Map<string, { readonly path: EntryPath; readonly entry: Entry }>();

  readonly #sections = new Map<string, NamedEntry[]>();

  /** Later layers over earlier ones, key by key. */
  constructor(layers: readonly Layer[]) {
    for (const { path, entry, isReplacing } of layers.flat()) {
      if (isReplacing) this.#forget(path);
      this.#entries.set(idOf(path), { path, entry: { ...this.at(path), ...entry } });
    }
    for (const { path, entry } of this.#entries.values()) {
      const [section = "", name, ...within] = path;
      if (name === undefined || within.length > 0) continue;
      const named = this.#sections.get(section) ?? [];
      this.#sections.set(section, named);
      named.push({ name, entry });
    }
  }

  at(path: EntryPath): Entry | undefined {
    return this.#entries.get(idOf(path))?.entry;
  }

  all(): readonly { readonly path: EntryPath; readonly entry: Entry }[] {
    return [...this.#entries.values()];
  }

  /** Those of one section at the top, by their names. */
  section(section: string): readonly NamedEntry[] {
    return this.#sections.get(section) ?? [];
  }

  #forget(path: EntryPath): void {
    for (const [id, known] of this.#entries) {
      if (path.every((step, i) => known.path[i] === step)) this.#entries.delete(id);
    }
  }
}

function idOf(path: EntryPath): string {
  return JSON.stringify(path);
}

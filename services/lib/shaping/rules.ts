/** What all layers come to together: each entry with the last word on each of its keys. */
import type { Entry } from "./entry.ts";
import type { EntryPath, Layer } from "./layer.ts";

export class Rules {
  readonly #entries = new Map<string, { readonly path: EntryPath; readonly entry: Entry }>();

  /** Later layers over earlier ones, key by key. */
  constructor(layers: readonly Layer[]) {
    for (const { path, entry, isReplacing } of layers.flat()) {
      if (isReplacing) this.#forget(path);
      this.#entries.set(idOf(path), { path, entry: { ...this.at(path), ...entry } });
    }
  }

  at(path: EntryPath): Entry | undefined {
    return this.#entries.get(idOf(path))?.entry;
  }

  all(): readonly { readonly path: EntryPath; readonly entry: Entry }[] {
    return [...this.#entries.values()];
  }

  /** Those of one section at the top, by their names. */
  section(section: string): readonly { readonly name: string; readonly entry: Entry }[] {
    return this.all().flatMap(({ path: [of, name, ...within], entry }) =>
      of === section && name !== undefined && within.length === 0 ? [{ name, entry }] : [],
    );
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

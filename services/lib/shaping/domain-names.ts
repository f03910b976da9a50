/** Values by domain, or by `*.example.net` for the domains below one. */
export class DomainNames<Value> {
  readonly #values = new Map<string, Value>();
  #hasPatterns = false;

  set(pattern: string, value: Value): void {
    this.#values.set(pattern, value);
    if (pattern.startsWith("*.")) this.#hasPatterns = true;
  }

  get(pattern: string): Value | undefined {
    return this.#values.get(pattern);
  }

  /** The domain's own first, then from the nearest to the widest pattern. */
  nearest(domain: string): readonly Value[] {
    const own = this.#values.get(domain);
    const found = own === undefined ? [] : [own];
    if (!this.#hasPatterns) return found;
    for (const pattern of patternsFor(domain)) {
      const value = this.#values.get(pattern);
      if (value !== undefined) found.push(value);
    }
    return found;
  }
}

/** `*.b.example` and `*.example` for `a.b.example`; `*.example` for `*.b.example`. */
export function* patternsFor(domain: string): Generator<string> {
  const from = domain.startsWith("*.") ? 2 : 0;
  for (let dot = domain.indexOf(".", from); dot >= 0; dot = domain.indexOf(".", dot + 1)) {
    yield `*${domain.slice(dot)}`;
  }
}

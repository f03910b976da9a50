/** Counts what the DNS answers; what is still valid from before is an answer, too. */
import type { Answer, Resolver } from "#lib/dns/resolver";
import type { Metrics } from "./metrics.ts";

export function countedResolver(resolver: Resolver, metrics: Metrics): Resolver {
  const answers = metrics.counter(
    "godwit_dns_answers_total",
    "Answers by type asked for and kind: records, none, nxdomain, failure.",
  );
  const counted = <T>(type: string, ask: (name: string) => Promise<Answer<T>>) => {
    return async (name: string): Promise<Answer<T>> => {
      const answer = await ask(name);
      answers.add(1, { type, kind: answer.kind });
      return answer;
    };
  };
  return {
    mx: counted("MX", (domain) => resolver.mx(domain)),
    a: counted("A", (host) => resolver.a(host)),
    aaaa: counted("AAAA", (host) => resolver.aaaa(host)),
    txt: counted("TXT", (name) => resolver.txt(name)),
  };
}

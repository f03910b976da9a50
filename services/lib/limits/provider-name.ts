/** Under which name files know the provider of a subject: of `mimecast:mx1.example` it is `mimecast`. */
export function providerName(provider: string): string {
  const colon = provider.indexOf(":");
  return colon < 0 ? provider : provider.slice(0, colon);
}

/** The title of a suite, with the reason when it is skipped: the report has no other place for it. */
export function titled(title: string, missing: string | undefined): string {
  return missing === undefined ? title : `${title} (skipped: ${missing})`;
}

/** `godwit.yaml` of a standalone Godwit for a test: submission on loopback, ports of the system's choice. */

/** `port`: where on loopback all mail goes; `more`: further keys, a line each. */
export function standaloneYaml(port: number, ...more: readonly string[]): string {
  const lines = [
    "hostname: mta1.example.net",
    "listeners:",
    "  - { name: submission, address: 127.0.0.1, port: 0, kind: submission, trustedNetworks: [127.0.0.0/8] }",
    "control: { port: 0 }",
    `routes: [{ domain: "*", nextHop: "smtp://127.0.0.1:${port}" }]`,
    ...more,
  ];
  return lines.map((line) => `${line}\n`).join("");
}

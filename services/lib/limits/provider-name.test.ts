import { expect, test } from "bun:test";
import { providerName } from "./provider-name.ts";

test.each([
  ["google", "google"],
  ["mimecast:eu1.example,eu2.example", "mimecast"],
  ["mx:a.example", "mx"],
  ["a.example", "a.example"],
])("%s is known as %s", (provider, name) => {
  expect(providerName(provider)).toBe(name);
});

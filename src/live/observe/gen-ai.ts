/** Words of OpenTelemetry's conventions for generative AI that metrics and traces share. */
import type { Endpoint } from "../exchange.ts";

/** What the caller talks to. */
export const PROVIDER_NAME = "tenantry";

const OPERATIONS: Readonly<Record<Endpoint, string>> = {
  chat: "chat",
  completion: "text_completion",
  embedding: "embeddings",
};

export function operationName(endpoint: Endpoint): string {
  return OPERATIONS[endpoint];
}

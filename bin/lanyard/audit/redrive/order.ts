import type { Profile } from "../../deployment/model.ts";
import { Refused, Usage } from "../../terminal/outcome.ts";

/** Gives the relay an order of at most a hundred ids. */
export type Order = (eventIds: readonly string[], dryRun: boolean) => Promise<Redriven>;

/** What became of an order: each id stands in one list. */
export interface Redriven {
  readonly carried: readonly string[];
  readonly left: readonly string[];
  readonly refused: readonly string[];
  readonly unknown: readonly string[];
}

/** Endpoint, Region and credentials of the caller, as the profile has them. */
export async function placeOf({ dynamo }: Pick<Profile, "dynamo">) {
  const { region, credentials, endpoint } = dynamo.config;
  const place = await endpoint?.();
  const local = place && { endpoint: `${place.protocol}//${place.hostname}${place.port ? `:${place.port}` : ""}` };
  return { region, credentials, ...local };
}

/**
 * Orders by `lambda:InvokeFunction` on the relay, which is all the right it takes: the order names ids, and the relay
 * reads the records from the Outbox itself.
 * @throws Usage where the profile does not name the relay; Refused when the relay fails, or answers of other ids
 */
export async function orderedBy(profile: Profile): Promise<Order> {
  const { relay } = profile;
  if (relay === undefined)
    throw new Usage("which function carries records? Give --outputs <file>, or LANYARD_RELAY, the output RelayName");
  // no other command needs its client
  const { InvokeCommand, LambdaClient } = await import("@aws-sdk/client-lambda");
  const lambda = new LambdaClient({ ...(await placeOf(profile)), maxAttempts: 3 });
  return async (eventIds, dryRun) => {
    const Payload = Buffer.from(JSON.stringify({ redrive: eventIds, ...(dryRun && { dryRun }) }));
    const { FunctionError, Payload: answer } = await lambda.send(new InvokeCommand({ FunctionName: relay, Payload }));
    const text = Buffer.from(answer ?? []).toString("utf8");
    if (FunctionError) throw new Refused(`the relay failed: ${text.slice(0, 300)}`);
    return redrivenOf(text, eventIds);
  };
}

/** @throws Refused for an answer that is not of these ids: what is deleted afterwards rests on it */
export function redrivenOf(text: string, eventIds: readonly string[]): Redriven {
  const value = parsed(text);
  const list = (name: string): readonly string[] => {
    const found = value[name];
    if (!Array.isArray(found)) throw new Refused("the relay's answer is none to an order: is it of an older version?");
    return found.filter((id) => eventIds.includes(id));
  };
  return { carried: list("carried"), left: list("left"), refused: list("refused"), unknown: list("unknown") };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

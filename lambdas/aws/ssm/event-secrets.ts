import { GetParameterCommand, ParameterNotFound, type SSMClient } from "@aws-sdk/client-ssm";
import type { EventSecret } from "../../../core/events/push.ts";
import { limits } from "../../../core/model/limits.ts";
import { type Clock, type Moment, momentOf, mostMillisSince } from "../../../core/model/ports.ts";

/**
 * `<origin> <header>`: the header's value is printable and has no character that could end a header; the origin has
 * nothing after host and port.
 */
const originAndHeader = /^(https?:\/\/[a-z0-9.:-]{1,260}) ([\x21-\x7e](?:[\x20-\x7e]{0,4094}[\x21-\x7e])?)$/;

/**
 * Reads the `Authorization` headers of receivers from the parameter store, where operators store them as SecureString,
 * each with the only origin it may be sent to (threat 46). A registration names one of them and cannot name any other
 * parameter.
 * @param prefix path of the stage's secrets, with a slash at its end
 * @returns the secret, or undefined where there is no such parameter or its value is not `<origin> <header>`
 */
export function createEventSecrets(
  ssm: SSMClient,
  prefix: string,
  clock: Clock,
): (name: string) => Promise<EventSecret | undefined> {
  const held = new Map<string, { readonly value: EventSecret | undefined; readonly at: Moment }>();
  return async (name) => {
    if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name)) return undefined;
    const known = held.get(name);
    if (known && mostMillisSince(known.at, clock) < limits.eventSecretAgeSeconds * 1_000) return known.value;
    const value = await read(ssm, `${prefix}${name}`);
    held.set(name, { value, at: momentOf(clock) });
    return value;
  };
}

async function read(ssm: SSMClient, name: string): Promise<EventSecret | undefined> {
  try {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
    const [, origin, authorization] = originAndHeader.exec(Parameter?.Value ?? "") ?? [];
    return origin === undefined || authorization === undefined ? undefined : { origin, authorization };
  } catch (failure) {
    if (failure instanceof ParameterNotFound) return undefined;
    throw failure;
  }
}

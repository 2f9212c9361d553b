import { GetParameterCommand, ParameterNotFound, type SSMClient } from "@aws-sdk/client-ssm";
import { limits } from "../../core/limits.ts";
import type { Clock } from "../../core/ports.ts";

/** A header's value: printable, without anything that could end it. */
const headerValue = /^[\x21-\x7e](?:[\x20-\x7e]{0,4094}[\x21-\x7e])?$/;

/**
 * Reads the `Authorization` headers of receivers from the parameter store, where operators put them as SecureString; a
 * registration names one and can name no other parameter.
 * @param prefix path of the stage's secrets, with a slash at its end
 * @returns the header, or undefined where there is no such parameter or its value is no header
 */
export function createEventSecrets(
  ssm: SSMClient,
  prefix: string,
  clock: Clock,
): (name: string) => Promise<string | undefined> {
  const held = new Map<string, { readonly value: string | undefined; readonly atMillis: number }>();
  return async (name) => {
    if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name)) return undefined;
    const known = held.get(name);
    if (known && clock.nowMillis() - known.atMillis < limits.eventSecretAgeSeconds * 1_000) return known.value;
    const value = await read(ssm, `${prefix}${name}`);
    held.set(name, { value, atMillis: clock.nowMillis() });
    return value;
  };
}

async function read(ssm: SSMClient, name: string): Promise<string | undefined> {
  try {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
    return headerValue.test(Parameter?.Value ?? "") ? Parameter?.Value : undefined;
  } catch (failure) {
    if (failure instanceof ParameterNotFound) return undefined;
    throw failure;
  }
}

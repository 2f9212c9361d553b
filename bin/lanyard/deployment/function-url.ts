import { Usage } from "../terminal/outcome.ts";

/** The Region that the URL of a Lambda function names; undefined for every other address. */
export function regionOf(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  return /^[a-z0-9]+\.lambda-url\.([a-z0-9-]+)\.on\.aws$/.exec(new URL(address).hostname)?.[1];
}

/**
 * The Region of a deployment by its functions' URLs.
 * @returns undefined where none of them is a function URL of Lambda
 * @throws Usage for URLs of two Regions, which belong to two deployments
 */
export function oneRegion(addresses: readonly string[]): string | undefined {
  const regions = [...new Set(addresses.flatMap((address) => regionOf(address) ?? []))];
  if (regions.length > 1)
    throw new Usage(`the functions' URLs are of ${regions.join(" and ")}: these are two deployments, not one`);
  return regions[0];
}

/** Whether a host is this machine, where the local run and emulators are. */
const isLoopback = (hostname: string): boolean =>
  ["127.0.0.1", "[::1]", "localhost"].includes(hostname) || hostname.endsWith(".localhost");

/** Whether an operator's signed call may go there: https, or http on this machine. */
export function isCallable(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, username, password } = new URL(address);
  return (
    username === "" && password === "" && (protocol === "https:" || (protocol === "http:" && isLoopback(hostname)))
  );
}

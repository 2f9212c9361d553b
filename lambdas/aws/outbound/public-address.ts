import { type LookupAddress, lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

/**
 * IPv4 addresses that are not public (IANA special-purpose registry, RFC 6890), among them those of metadata services.
 */
const special = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const)
  special.addSubnet(network, bits, "ipv4");

/** IPv6 is public only inside 2000::/3, except tunnels (they carry any IPv4 address) and documentation. */
const global6 = new BlockList();
global6.addSubnet("2000::", 3, "ipv6");
const tunnels = new BlockList();
for (const [network, bits] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const)
  tunnels.addSubnet(network, bits, "ipv6");

/**
 * IPv6 addresses that only contain an IPv4 address: mapped ones (RFC 4291 2.5.5.2), and those with DNS64's well-known
 * prefix (RFC 6052 2.1), by which a network without IPv4 reaches hosts that have only IPv4. They are public when the
 * IPv4 address is. The local prefix 64:ff9b:1::/48 may stand for anything and is refused.
 */
const spelling = new BlockList();
spelling.addSubnet("64:ff9b::", 96, "ipv6");
spelling.addSubnet("::ffff:0:0", 96, "ipv6");

/** The IPv4 address in the last 32 bits. */
function spelled(address: string): string {
  const host = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [high = "0", low = "0"] = host
    .split(":")
    .slice(-2)
    .map((part) => part || "0");
  const bits = (Number.parseInt(high, 16) << 16) | Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join(".");
}

/** True for an address of the public internet. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !special.check(address, "ipv4");
  if (isIP(address) === 6 && !address.includes("%") && spelling.check(address, "ipv6"))
    return isPublicAddress(spelled(address));
  return isIP(address) === 6 && global6.check(address, "ipv6") && !tunnels.check(address, "ipv6");
}

/** Thrown for a name that resolves to an address in a private network. */
export class PrivateAddress extends Error {
  override readonly name = "PrivateAddress";
}

/**
 * Looks a name up and refuses it when any of its addresses is not public: when a registered issuer's name resolves to a
 * metadata service, this function must not fetch from it (SSRF). The connection is made to exactly the addresses that
 * were checked here, so that a second answer of the name server has no effect (DNS rebinding).
 */
export const publicLookup: LookupFunction = (hostname, options, done) => {
  lookup(hostname, { ...options, all: true }, (failure, addresses) =>
    failure ? done(failure, "") : evaluate(addresses, options.all, done),
  );
};

function evaluate(addresses: LookupAddress[], all: boolean | undefined, done: Parameters<LookupFunction>[2]): void {
  const [first] = addresses ?? [];
  if (!first || !addresses.every(({ address }) => isPublicAddress(address)))
    done(new PrivateAddress("the name leads to an address that is not public"), "");
  else if (all) done(null, addresses);
  else done(null, first.address, first.family);
}

import { isIP } from "node:net";

/**
 * The gRPC target of a Workload Endpoint's address (SPIFFE Workload Endpoint 4): `unix:///path`, or `tcp://` with an
 * IP address and a port. Stricter than the standard in one thing: the address must be of this machine, since the
 * endpoint hands out private keys without TLS.
 * @throws RangeError
 */
export function workloadTarget(address: string): string {
  const unix = /^unix:(?:\/\/)?(\/[^?#]{1,200})$/.exec(address)?.[1];
  if (unix !== undefined && !unix.startsWith("//") && !unix.includes("\0")) return `unix:${unix}`;
  const [, host = "", port = ""] = /^tcp:\/\/(\[[0-9a-f:.]+\]|[0-9.]+):(\d{1,5})$/i.exec(address) ?? [];
  const bare = host.replace(/^\[|\]$/g, "");
  const version = isIP(bare);
  const nearby = version === 4 ? bare.startsWith("127.") : version === 6 && bare === "::1";
  if (nearby && Number(port) >= 1 && Number(port) <= 65_535) return `ipv${version}:${host}:${port}`;
  throw new RangeError(
    "a Workload API's address is unix:///path, or tcp:// with an IP address of this machine and a port",
  );
}

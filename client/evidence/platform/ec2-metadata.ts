import { EvidenceError } from "../../error.ts";
import type { Fetch } from "../../http.ts";
import { askPlatform } from "./ask.ts";

/** The service's only address, and this machine for emulators: another host could answer somebody else's document. */
const servers = /^http:\/\/(?:169\.254\.169\.254|127\.0\.0\.1:[1-9]\d{0,4})$/;
/** A session is opened for each document and used at once. */
const session = { "x-aws-ec2-metadata-token-ttl-seconds": "60" };

/** Where the instance's metadata service is, and what calls it. */
export interface Ec2MetadataInput {
  /**
   * `http://169.254.169.254` when left out; the only other address accepted is this machine, `http://127.0.0.1:<port>`.
   */
  readonly endpoint?: string;
  readonly fetch?: Fetch;
}

/**
 * Prepares reading from the EC2 instance metadata service by IMDSv2: PUT opens a session, GET shows its token. Version
 * 1 is never tried: a proxy can be made to forward a request without a session.
 * @returns a function that reads one text at an absolute path below `/latest/`. It throws EvidenceError when the
 * service is off, refuses, or is further away than the hop limit of the session's token
 * @throws RangeError for another host
 */
export function ec2Metadata(input: Ec2MetadataInput): (path: string) => Promise<string> {
  const { endpoint = "http://169.254.169.254", fetch = globalThis.fetch } = input;
  if (!servers.test(endpoint)) throw new RangeError("endpoint is not the instance metadata service");
  return async (path) => {
    const { text: token } = await askPlatform(fetch, new URL("/latest/api/token", endpoint), {
      headers: session,
      method: "PUT",
    });
    // the token becomes a header, so another server that answered must not be able to write headers of its own
    if (!/^[A-Za-z0-9+/=_-]{1,512}$/.test(token)) throw new EvidenceError("the session's token is none");
    const { text } = await askPlatform(fetch, new URL(path, endpoint), {
      headers: { "x-aws-ec2-metadata-token": token },
    });
    return text;
  };
}

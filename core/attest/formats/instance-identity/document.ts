import { err, ok, type Result } from "../../../model/result.ts";
import { parseBoundedJson } from "../../../text/json.ts";

/** An instance identity document, checked for its form only. */
export interface InstanceDocument {
  readonly account: string;
  readonly instanceId: string;
  readonly imageId: string;
  readonly region: string;
  readonly instanceType: string;
  readonly architecture: string;
  readonly availabilityZone: string;
  /** When the instance was launched, not when the document was read. */
  readonly pendingTimeSeconds: number;
}

const shapes = {
  accountId: /^[0-9]{12}$/,
  instanceId: /^i-[0-9a-f]{8}(?:[0-9a-f]{9})?$/,
  imageId: /^ami-[0-9a-f]{8}(?:[0-9a-f]{9})?$/,
  region: /^[a-z]{2,5}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}$/,
  instanceType: /^[a-z0-9.-]{1,64}$/,
  architecture: /^[a-z0-9_]{1,32}$/,
  availabilityZone: /^[a-z0-9-]{1,64}$/,
  pendingTime: /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/,
} as const;

/**
 * Reads the Region that a document names, to choose the certificate that must have signed it. Nothing else is read
 * before the signature is verified.
 */
export function readRegion(content: Uint8Array): Result<string, string> {
  const said = readObject(content);
  if (!said.ok) return said;
  const region = Object.hasOwn(said.value, "region") ? said.value.region : undefined;
  return typeof region === "string" && region.length <= 64 && shapes.region.test(region)
    ? ok(region)
    : err("region is not as EC2 writes it");
}

function readObject(content: Uint8Array): Result<Readonly<Record<string, unknown>>, string> {
  const parsed = parseBoundedJson(Buffer.from(content).toString("utf8"));
  if (!parsed.ok) return err(`the document is ${parsed.error}`);
  const { value } = parsed;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return err("the document is not an object");
  return ok(value as Readonly<Record<string, unknown>>);
}

/**
 * Reads the signed content: JSON of EC2 ("Instance identity documents"). Members that are not named here are ignored;
 * those that are named must be texts of the expected shape.
 * @param content bounded with the document around it
 */
export function readInstanceDocument(content: Uint8Array): Result<InstanceDocument, string> {
  const object = readObject(content);
  if (!object.ok) return object;
  const said = object.value;
  const read: Record<string, string> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const text = Object.hasOwn(said, name) ? said[name] : undefined;
    if (typeof text !== "string" || text.length > 64 || !shape.test(text))
      return err(`${name} is not as EC2 writes it`);
    read[name] = text;
  }
  const { accountId = "", instanceId = "", imageId = "", region = "", pendingTime = "" } = read;
  const { instanceType = "", architecture = "", availabilityZone = "" } = read;
  if (!availabilityZone.startsWith(region)) return err("availabilityZone is of another Region");
  const pendingTimeSeconds = Date.parse(pendingTime) / 1000;
  if (!Number.isInteger(pendingTimeSeconds)) return err("pendingTime is not a time");
  const place = { region, availabilityZone, pendingTimeSeconds };
  return ok({ account: accountId, instanceId, imageId, instanceType, architecture, ...place });
}

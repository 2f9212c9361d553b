import { session, token } from "./issuer.ts";
import { type CaseKey, jws } from "./keys.ts";

export type Named = readonly [title: string, token: string, expect: string];

export const parts = (text: string) => text.split(".") as [string, string, string];
export const good = token();
export const [head, body, tail] = parts(good);
export const signature = Buffer.from(tail, "base64url");
export const withSignature = (bytes: Uint8Array): string =>
  `${head}.${body}.${Buffer.from(bytes).toString("base64url")}`;
export const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};
export const raw = (header: object | string, payload: object | string, key: CaseKey = session) =>
  jws(key, header, payload);
export const text = (value: object): string => JSON.stringify(value);
export function deepActors(depth: number): object {
  let act: object = { sub: "spiffe://a/0" };
  for (let n = 1; n <= depth; n++) act = { sub: `spiffe://a/${n}`, act };
  return act;
}
export function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let n = 0; n < depth; n++) value = [value];
  return value;
}

import { X509Certificate } from "node:crypto";
import type { Evidence } from "../../../core/attest/contract/attestor.ts";
import { decodeBase64 } from "../../../core/attest/formats/base64.ts";
import { parseAmzDate } from "../../../core/attest/formats/caller-identity/request.ts";
import { readCoseSign1 } from "../../../core/attest/formats/cose.ts";
import { readNitroDocument } from "../../../core/attest/formats/nitro/document.ts";
import { decodeUnverified } from "../../../core/jose/jwt.ts";
import { limits } from "../../../core/model/limits.ts";

/** What a document says about itself. Nothing of it is verified, so all of it may be forged. */
export interface Said {
  readonly lines: readonly (readonly [name: string, text: string])[];
  /** A time at which the document claims to be valid, in epoch seconds. */
  readonly goodAtSeconds?: number;
}

type Members = Readonly<Record<string, unknown>>;

/** Reads what a document says, for people; never throws. */
export function saidBy(evidence: Evidence, nowSeconds: number): Said {
  const { token, document, chain, headers } = evidence;
  if (typeof token === "string") return saidByToken(token, nowSeconds);
  if (typeof document === "string") return saidByNitro(document, nowSeconds);
  if (Array.isArray(chain)) return saidByCertificate(chain[0], nowSeconds);
  if (typeof headers === "object" && headers !== null) return saidByRequest(evidence, headers as Members, nowSeconds);
  return { lines: [] };
}

function saidByToken(token: string, nowSeconds: number): Said {
  const decoded = decodeUnverified(token);
  if (!decoded) return { lines: [] };
  const { iss, sub, aud, iat, exp } = decoded.payload;
  const lines = [
    ...text("issuer", iss),
    ...text("subject", sub),
    ...(Array.isArray(aud) ? aud : [aud]).flatMap((each) => text("audience", each)),
    ...moment("issued", iat, nowSeconds),
    ...moment("expires", exp, nowSeconds),
    ...text("key", decoded.header.kid),
  ];
  return { lines, ...goodAt(iat) };
}

function saidByNitro(document: string, nowSeconds: number): Said {
  const bytes = decodeBase64(document, limits.nitroDocumentBytes);
  const message = bytes && readCoseSign1(bytes);
  const read = message?.ok ? readNitroDocument(message.value.payload) : undefined;
  if (!read?.ok) return { lines: [] };
  const { moduleId, timestampMillis, pcrs } = read.value;
  const made = Math.floor(timestampMillis / 1000);
  const lines = [
    ...text("module", moduleId),
    ...moment("made", made, nowSeconds),
    ...text("pcr0", Buffer.from(pcrs.get(0) ?? []).toString("hex")),
  ];
  return { lines, ...goodAt(made) };
}

function saidByCertificate(der: unknown, nowSeconds: number): Said {
  try {
    const certificate = new X509Certificate(
      Buffer.from(String(der).slice(0, limits.svidCertificateBytes * 2), "base64"),
    );
    const from = Math.floor(certificate.validFromDate.getTime() / 1000);
    const to = Math.floor(certificate.validToDate.getTime() / 1000);
    const lines = [
      ...text("names", certificate.subjectAltName),
      ...moment("from", from, nowSeconds),
      ...moment("expires", to, nowSeconds),
    ];
    return { lines, ...goodAt(from) };
  } catch {
    return { lines: [] };
  }
}

function saidByRequest({ region }: Evidence, headers: Members, nowSeconds: number): Said {
  const signed = headers["x-amz-date"];
  const signedAt = typeof signed === "string" ? parseAmzDate(signed) : undefined;
  const lines = [...text("region", region), ...moment("signed", signedAt, nowSeconds)];
  return { lines, ...goodAt(signedAt) };
}

const text = (name: string, value: unknown): readonly (readonly [string, string])[] =>
  typeof value === "string" && value !== "" ? [[name, value]] : [];

const lastSecond = 253_402_300_799;
const isMoment = (value: unknown): value is number => typeof value === "number" && value >= 0 && value <= lastSecond;
const goodAt = (seconds: unknown) => (isMoment(seconds) ? { goodAtSeconds: Math.floor(seconds) } : {});

const moment = (name: string, seconds: unknown, nowSeconds: number): readonly (readonly [string, string])[] =>
  isMoment(seconds) ? [[name, `${isoTime(seconds)} (${fromNow(seconds - nowSeconds)})`]] : [];

/** A moment to the second, as `--at` accepts it. */
export const isoTime = (seconds: number): string =>
  new Date(Math.floor(seconds) * 1000).toISOString().replace(".000Z", "Z");

const units = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

function fromNow(seconds: number): string {
  const whole = Math.abs(Math.trunc(seconds));
  if (whole === 0) return "now";
  const [name, size] = units.find(([, each]) => whole >= each) ?? ["second", 1];
  const count = Math.floor(whole / size);
  const span = `${count} ${name}${count === 1 ? "" : "s"}`;
  return seconds > 0 ? `in ${span}` : `${span} ago`;
}

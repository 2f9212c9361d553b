import { readVerifierKey } from "../../../core/tlog/note-key.ts";
import type { Witness } from "../../../core/tlog/witness.ts";
import { readBody } from "./answer-body.ts";
import { mayGo, send } from "./outbound.ts";

/** Bounds of one question: a run of the sealer asks each witness at most twice. */
const bounds = { timeoutMillis: 5_000, answerBytes: 16_384 } as const;

/** A witness as the stage names it. */
export interface NamedWitness {
  /** Its verifier key, in text (C2SP tlog-cosignature). */
  readonly key: string;
  /** Its submission prefix, to which `/add-checkpoint` is added. */
  readonly url: string;
}

/**
 * Creates a witness that is asked over the network (C2SP tlog-witness): POST over https to public addresses only,
 * without redirects, with a bound on the answer and one timeout for everything (threat 31).
 * @param loopbackAllowed whether an address on this machine is accepted too; for tests
 * @throws for a key that is no witness's: the setting is checked when the stage is deployed
 */
export function createWitness(
  { key, url }: NamedWitness,
  {
    loopbackAllowed = false,
    timeoutMillis = bounds.timeoutMillis,
  }: { readonly loopbackAllowed?: boolean; readonly timeoutMillis?: number } = {},
): Witness {
  const read = readVerifierKey(key);
  if (!read.ok || read.value.type !== "cosignature") throw new Error(`${key} is no witness's key`);
  return {
    keys: [read.value],
    async addCheckpoint(body) {
      const target = new URL(`${url.replace(/\/$/, "")}/add-checkpoint`);
      if (!mayGo(target, loopbackAllowed)) throw new Error("https to a public host only");
      const signal = AbortSignal.timeout(timeoutMillis);
      const headers = {
        "content-type": "text/plain; charset=utf-8",
        "content-length": Buffer.byteLength(body),
        "accept-encoding": "identity",
      };
      const answer = await send(target, { method: "POST", headers, signal }, body);
      const { statusCode: status = 0, headers: told } = answer;
      if (status !== 200 && status !== 409) {
        answer.destroy();
        return { status, body: "" };
      }
      const bytes = await readBody(answer, bounds.answerBytes);
      if (typeof bytes === "string") throw new Error(bytes);
      const contentType = told["content-type"];
      return { status, body: bytes.toString("utf8"), ...(contentType !== undefined && { contentType }) };
    },
  };
}

/** IAM's answer to one action. */
interface IamAnswer {
  readonly ok: boolean;
  readonly status: number;
  /** Error code of a refusal, where IAM named one. */
  readonly code?: string;
  /** The account's own issuer of web identity tokens, where the answer names it. */
  readonly issuer?: string;
}

/** Calls one action of IAM without parameters. */
export type CallIam = (
  action: "EnableOutboundWebIdentityFederation" | "GetOutboundWebIdentityFederationInfo",
) => Promise<IamAnswer>;

/** IAM answers 409 with one of these where federation was switched on before. */
const onAlready = new Set(["FeatureEnabled", "FeatureEnabledException"]);

/**
 * Switches the account's outbound identity federation on:
 *
 * 1. **switch on**; if it is on already, that is a success too, since the account has only one switch
 * 2. **ask** for the issuer, where it was on already
 *
 * It is never switched off again: the switch belongs to the account, and others may rely on it.
 * @returns the account's own issuer of web identity tokens
 * @throws with IAM's error code when it refuses, and when its answer names no issuer
 */
export async function enableFederation(call: CallIam): Promise<string> {
  // 1. switch on
  const enabled = await call("EnableOutboundWebIdentityFederation");
  if (enabled.ok) return issuerOf(enabled);
  if (!onAlready.has(enabled.code ?? "")) throw refused(enabled);
  // 2. ask
  const info = await call("GetOutboundWebIdentityFederationInfo");
  if (!info.ok) throw refused(info);
  return issuerOf(info);
}

function issuerOf({ issuer }: IamAnswer): string {
  if (issuer === undefined) throw new Error("iam answered without an issuer");
  return issuer;
}

const refused = ({ status, code }: IamAnswer): Error =>
  new Error(`iam refused with ${status} ${code ?? "and no code"}`);

import { decodeBase64 } from "../../../../core/attest/formats/base64.ts";
import { verifyInstanceIdentity } from "../../../../core/attest/formats/instance-identity/verify.ts";
import type { NitroKind } from "../../../../core/attest/formats/nitro/document.ts";
import { nitroFacts } from "../../../../core/attest/formats/nitro/facts.ts";
import { awsNitroRoot } from "../../../../core/attest/formats/nitro/root.ts";
import { verifyNitroDocument } from "../../../../core/attest/formats/nitro/verify.ts";
import { workloadFacts } from "../../../../core/attest/formats/spiffe-domain.ts";
import { verifyX509Svid } from "../../../../core/attest/methods/spiffe-x509-svid/attestor.ts";
import { chainFault, readSvidChain } from "../../../../core/attest/methods/spiffe-x509-svid/chain.ts";
import { readSpiffeBundle } from "../../../../core/keys/spiffe-bundle.ts";
import { limits } from "../../../../core/model/limits.ts";
import { parseSpiffeId } from "../../../../core/text/spiffe-id.ts";
import { noBundle } from "../advice.ts";
import type { Asked, Explainer } from "../explanation.ts";
import { issuerInSettings } from "../issuers.ts";

function bytesOf({ onCheck }: Asked, value: unknown, maxBytes: number): Uint8Array | undefined {
  const bytes = decodeBase64(value, maxBytes);
  const detail = bytes ? `${bytes.length} bytes` : `empty, not base64, or longer than ${maxBytes} bytes`;
  onCheck({ name: "shape", ok: bytes !== undefined, detail });
  return bytes;
}

/** `aws-nitro-enclave` and `aws-nitro-tpm`; AWS's root unless the settings name another. */
export const explainNitro =
  (kind: NitroKind): Explainer =>
  async (asked) => {
    const bytes = bytesOf(asked, asked.evidence.document, limits.nitroDocumentBytes);
    const { settings, nowSeconds, onCheck, leaveOut } = asked;
    const { challenge, jkt, issuer, nitroRoot: root = awsNitroRoot } = settings;
    if (challenge === undefined) leaveOut("challenge", "no expected challenge is given");
    if (jkt === undefined) leaveOut("key", "no expected key thumbprint (jkt) is given");
    if (issuer === undefined) leaveOut("issuer", "no expected issuer is given");
    if (!bytes) return undefined;
    const verified = await verifyNitroDocument(bytes, {
      kind,
      root,
      nowSeconds,
      onCheck,
      ...(challenge === undefined ? {} : { challenge }),
      ...(jkt === undefined ? {} : { jkt }),
      ...(issuer === undefined ? {} : { issuer }),
    });
    return verified.ok ? { facts: nitroFacts(verified.value.document), assurance: "measured" } : undefined;
  };

/** `aws-ec2-instance-identity`; AWS's certificates unless the settings name others. */
export const explainInstanceIdentity: Explainer = async (asked) => {
  const bytes = bytesOf(asked, asked.evidence.pkcs7, limits.instanceIdentityBytes);
  const { settings, nowSeconds, onCheck, leaveOut } = asked;
  leaveOut("alone", "a deployment takes it beside a role's evidence only, unless its stage says so");
  leaveOut("first-key", "only a deployment remembers which key showed it first");
  if (!bytes) return undefined;
  const { ec2Certificates: certificates } = settings;
  const options = { nowSeconds, onCheck, ...(certificates ? { certificates } : {}) };
  const verified = verifyInstanceIdentity(bytes, options);
  if (!verified.ok) return undefined;
  const { pendingTimeSeconds: _, ...facts } = verified.value;
  return { facts, assurance: "document" };
};

/**
 * `spiffe-x509-svid`; a chain without a signature is only compared with its bundle, and the holder's signature is
 * reported as not checked.
 */
export const explainX509Svid: Explainer = async (asked) => {
  const { evidence, settings, nowSeconds, onCheck, leaveOut } = asked;
  const chain = readSvidChain(evidence.chain);
  const tell = (name: string, why: string | undefined) =>
    onCheck({ name, ok: why === undefined, detail: why ?? "as expected" });
  if (!chain.ok) {
    tell("certificates", chain.error.why);
    return undefined;
  }
  const { spiffeId } = chain.value;
  const known = issuerInSettings(asked, {
    purpose: "spiffe",
    issuer: `spiffe://${parseSpiffeId(spiffeId)?.trustDomain ?? ""}`,
  });
  if (!known) return undefined;
  const { registration: domain, keys } = known;
  const bundle = keys && readSpiffeBundle(keys);
  if (!bundle?.ok) {
    tell("certificates", undefined);
    tell("path", bundle ? `the bundle given is unusable: ${bundle.error.why}` : noBundle);
    return undefined;
  }
  const { challenge, jkt, issuer } = settings;
  const facts = workloadFacts(spiffeId, domain);
  if (evidence.signature !== undefined && challenge !== undefined && jkt !== undefined && issuer !== undefined) {
    const expect = { challenge, jkt, issuer, nowSeconds, onCheck, domain, bundle: bundle.value };
    return verifyX509Svid(evidence, expect).ok ? { facts, assurance: "fresh" } : undefined;
  }
  leaveOut("binding", "there is no signature, or challenge, jkt and issuer are not all given");
  tell("certificates", undefined);
  const fault = chainFault(chain.value, bundle.value, nowSeconds);
  tell("path", fault?.why);
  return fault ? undefined : { facts, assurance: "fresh" };
};

import { foreignAudienceProblem, issuerUrlProblem, keysUrlProblem, type OwnAddress } from "../../keys/address.ts";
import type { TrustedIssuerRegistration } from "../../model/registry.ts";
import { groupClaimProblem } from "../../narrow/delegation.ts";
import { parseSpiffeId } from "../../text/spiffe-id.ts";
import type { Finding } from "../finding.ts";

/** What a trusted issuer is checked against. */
interface IssuerSettings extends OwnAddress {
  readonly trustDomain: string;
}

const found = (path: string, message: string | undefined): Finding[] => (message ? [[path, message]] : []);

/**
 * Rules for one trusted issuer: its address and that of its keys, and the members that its purpose requires or does not
 * allow.
 */
export function trustedIssuerFindings(row: TrustedIssuerRegistration, settings: IssuerSettings): readonly Finding[] {
  const { purpose, issuer, jwksUri, audience } = row;
  const spiffe = purpose === "spiffe";
  // an account's STS issuer is pinned to its own host, where its keys are published
  const named = jwksUri !== undefined && purpose !== "aws-sts";
  return [
    ...found("issuer", spiffe ? trustDomainProblem(issuer, settings) : issuerUrlProblem(issuer, settings, named)),
    ...found("jwksUri", jwksUri === undefined ? undefined : keysUrlProblem(jwksUri, settings)),
    ...found("jwksUri", spiffe && jwksUri === undefined ? "is required: the bundle endpoint (https_web)" : undefined),
    ...found("audience", audience === undefined ? undefined : foreignAudienceProblem(audience)),
    ...found("audience", audience !== undefined && purpose !== "workload" ? "is for workload issuers only" : undefined),
    ...found(
      "maxTokenLifeSeconds",
      row.maxTokenLifeSeconds !== undefined && purpose !== "workload" && !spiffe
        ? "is for workload and spiffe issuers only"
        : undefined,
    ),
    ...found(
      "account",
      purpose === "aws-sts" && row.account === undefined
        ? "is required: an STS issuer belongs to one account"
        : undefined,
    ),
    ...found("account", purpose !== "aws-sts" && row.account !== undefined ? stsOnly : undefined),
    ...found("groups", purpose !== "person" && row.groups !== undefined ? "is for issuers of people only" : undefined),
    ...found(
      "identityAssertions",
      purpose !== "person" && row.identityAssertions ? "is for issuers of people only" : undefined,
    ),
    ...found(
      "approvals",
      purpose !== "person" && row.approvals !== undefined ? "is for issuers of people only" : undefined,
    ),
    ...found(
      "approvals",
      row.approvals !== undefined && row.groups === undefined
        ? "its people are in no group, and groups approve: declare groups"
        : undefined,
    ),
    ...found("events", purpose !== "person" && row.events !== undefined ? "is for issuers of people only" : undefined),
    ...found("scim", purpose !== "person" && row.scim !== undefined ? "is for issuers of people only" : undefined),
    ...transmitterFindings(row, settings),
    ...found("groups.claim", row.groups === undefined ? undefined : groupClaimProblem(row.groups.claim)),
    ...found("organization", purpose !== "aws-sts" && row.organization !== undefined ? stsOnly : undefined),
  ];
}

/**
 * Rules for the transmitter of an issuer's events. Keys are fetched from a registered address only: one that an event
 * or a transmitter's own document names would let whoever writes it name its own.
 */
function transmitterFindings({ events, issuer }: TrustedIssuerRegistration, own: OwnAddress): readonly Finding[] {
  if (!events) return [];
  const other = events.issuer !== undefined && events.issuer !== issuer;
  return [
    ...found("events.audience", foreignAudienceProblem(events.audience)),
    ...found("events.issuer", other ? issuerUrlProblem(events.issuer ?? "", own, true) : undefined),
    ...found("events.jwksUri", events.jwksUri === undefined ? undefined : keysUrlProblem(events.jwksUri, own)),
    ...found(
      "events.jwksUri",
      other && events.jwksUri === undefined ? "is required: another issuer's keys are not this one's" : undefined,
    ),
  ];
}

const stsOnly = "is for aws-sts issuers only";

/**
 * Our own trust domain must not be registered: anybody who could publish a bundle for it could name any agent of ours
 * (threat 28).
 */
function trustDomainProblem(issuer: string, { trustDomain }: IssuerSettings): string | undefined {
  const id = parseSpiffeId(issuer);
  if (id?.path !== "") return "must be a trust domain, written spiffe://<domain>";
  return id.trustDomain === trustDomain ? "must not be this deployment's own trust domain" : undefined;
}

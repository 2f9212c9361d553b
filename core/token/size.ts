import type { JWTPayload } from "jose";
import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import type { SigningAlgorithm } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import { childAncestors, type Offer, type Session } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { tokenTyp } from "../model/wire.ts";
import type { SessionStore } from "../session/store.ts";
import { parseBoundedJson } from "../text/json.ts";
import { accessClaims, ownSessionClaims } from "./claims.ts";
import type { Plan } from "./plan.ts";

/** Ids, thumbprints and places in lists are of one length each; the longest stand for what is not made yet. */
const anId = "-".repeat(22);
const aThumbprint = "-".repeat(43);
const aPlace = { list: "0000000000-00000", idx: limits.statusListSize - 1 };
const aSecond = 9_999_999_999;
const times = { iat: aSecond, exp: aSecond, jti: anId };
/** Signatures as bytes: two numbers of P-256, and RSA of 2048 bits. */
const signatureBytes: Readonly<Record<SigningAlgorithm, number>> = { ES256: 64, RS256: 256 };

const base64urlLength = (bytes: number): number => Math.ceil((bytes * 4) / 3);
const jsonLength = (value: object): number => base64urlLength(Buffer.byteLength(JSON.stringify(value), "utf8"));

/** How long a token of these claims is, signed and in compact form, and whether whoever reads it would parse it. */
function measured(typ: string, alg: SigningAlgorithm, claims: JWTPayload) {
  const header = { alg, kid: aThumbprint, typ };
  const bytes = jsonLength(header) + jsonLength(claims) + base64urlLength(signatureBytes[alg]) + 2;
  return { bytes, parses: parseBoundedJson(JSON.stringify(claims), limits.claimsDepth).ok };
}

/**
 * Refuses what no verifier would read: a chain of many agents with long names carries them all in each of its tokens, and
 * a token beyond `limits.tokenBytes`, or whose actors nest deeper than `limits.claimsDepth`, is refused unread everywhere, by
 * us too. Evaluated before anything is stored, by every
 * token that the grants can be had in, and for an offer by those of the child it would become: at the end of a chain of
 * work is no place to learn of it.
 * @returns `token_too_large`
 */
export function checkFits(plan: Plan, issuer: string, registry: RegistrySnapshot): Result<void, Denial> {
  const session = sessionOf(plan);
  const signed = plan.grants.map(({ resource, ...grant }) => {
    const alg = registry.resource(resource)?.accessTokenSigningAlg ?? "ES256";
    return measured(tokenTyp.access, alg, accessClaims(session, { resource, ...grant }, issuer, times, registry));
  });
  const own = measured(tokenTyp.session, "ES256", ownSessionClaims(session, issuer, times));
  const all = [own, ...signed];
  const bytes = Math.max(...all.map((token) => token.bytes));
  const nests = all.some((token) => !token.parses);
  if (bytes <= limits.tokenBytes && !nests) return ok(undefined);
  return err({ code: "token_too_large", bytes, limitBytes: limits.tokenBytes, nests, depth: session.depth });
}

/** The session whose tokens will carry the grants, as long as it can get. */
function sessionOf(plan: Plan): Session {
  const above = plan.to === undefined ? plan.parent : plan.existing;
  const anew = plan.to !== undefined || !plan.existing;
  const actors = plan.to === undefined ? plan.actors : [...plan.actors, plan.to];
  if (plan.existing && !anew) return { ...plan.existing, status: aPlace };
  return {
    root: anId,
    sid: above ? "_".repeat(22) : anId,
    anc: above ? childAncestors(above) : [],
    depth: above ? above.depth + 1 : 0,
    principal: plan.principal,
    actors,
    grants: plan.grants,
    jkt: aThumbprint,
    // the longest of the levels
    assurance: "document",
    createdAtSeconds: aSecond,
    expiresAtSeconds: aSecond,
    epochs: {},
    registryVersion: 0,
    status: aPlace,
  };
}

/** What is about to be stored in a tree. */
type Growth = { readonly child: Session } | { readonly offer: Offer };

/**
 * Bounds what one tree may grow by in a quarter of an hour (threat 34): whatever ends a tree, or tells what an end reaches,
 * reads the tree, and its agents must not decide how long that takes. Children are bounded by the registration of the
 * agent that opened the tree, offers and bytes along with them.
 * @returns `tree_full`
 */
export async function growTree(
  growth: Growth,
  registry: RegistrySnapshot,
  store: Pick<SessionStore, "growTree">,
): Promise<Result<void, Denial>> {
  const child = "child" in growth;
  const { root, actors } = child ? growth.child : growth.offer.from;
  const children = registry.agent(actors[0] ?? "")?.maxChildren ?? limits.treeChildren;
  const bytes = Buffer.byteLength(JSON.stringify(child ? growth.child : growth.offer));
  const most = { children, offers: limits.treeOffersPerChild * children, bytes: limits.treeBytes };
  const within = await store.growTree(root, { children: child ? 1 : 0, offers: child ? 0 : 1, bytes }, most);
  return within ? ok(undefined) : err({ code: "tree_full", root, children });
}

import type { Method } from "../../contract/method.ts";
import { canBeClaimFact } from "./claims.ts";

/** Tokens of registered workload issuers: Kubernetes, GitHub Actions, GitLab, Google, Azure. */
export const method: Method = {
  type: "oidc",
  evidence: {
    anchors: ["subject"],
    // a subject identifies somebody only together with its issuer (threat 8)
    companions: ["issuer"],
    states: (fact) => fact === "issuer" || fact === "subject" || canBeClaimFact(fact),
    hint: (fact) =>
      fact.startsWith("claim.")
        ? "a claim inside another gives no fact but those of Kubernetes and Google that docs/attestation/oidc.md lists"
        : "a claim is named claim.<name>",
    assurance: "document",
    family: "svid",
  },
};

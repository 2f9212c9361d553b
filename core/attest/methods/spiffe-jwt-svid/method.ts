import { type Method, only } from "../../contract/method.ts";
import { workloadFactNames } from "../../formats/spiffe-domain.ts";

/** JWT-SVIDs of a federated trust domain. */
export const method: Method = {
  type: "spiffe-jwt-svid",
  evidence: {
    anchors: ["spiffeId"],
    states: only(...workloadFactNames),
    assurance: "document",
    family: "svid",
  },
};

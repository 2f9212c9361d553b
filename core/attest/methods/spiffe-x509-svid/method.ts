import { type Method, only } from "../../contract/method.ts";
import { workloadFactNames } from "../../formats/spiffe-domain.ts";

/** X.509-SVIDs of a federated trust domain, and a signature of their key. */
export const method: Method = {
  type: "spiffe-x509-svid",
  evidence: {
    anchors: ["spiffeId"],
    states: only(...workloadFactNames),
    assurance: "fresh",
    family: "svid",
  },
};

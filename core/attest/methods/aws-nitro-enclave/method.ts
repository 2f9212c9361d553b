import { type Method, only } from "../../contract/method.ts";
import { nitroFactNames } from "../../formats/nitro/facts.ts";

/** Attestation documents of Nitro enclaves: they measure the image that runs. */
export const method: Method = {
  type: "aws-nitro-enclave",
  evidence: {
    anchors: ["pcr0"],
    states: only(...nitroFactNames),
    assurance: "measured",
    family: "enclave",
  },
};

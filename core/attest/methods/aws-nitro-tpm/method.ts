import { type Method, only } from "../../contract/method.ts";
import { nitroFactNames } from "../../formats/nitro/facts.ts";

/** Attestation documents of NitroTPM: they measure how an instance booted. */
export const method: Method = {
  type: "aws-nitro-tpm",
  evidence: {
    anchors: ["pcr4"],
    // Secure Boot policy and kernel command line decide what a boot image does
    companions: ["pcr7", "pcr12"],
    states: only(...nitroFactNames),
    assurance: "measured",
    family: "tpm",
  },
};

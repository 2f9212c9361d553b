import { type Method, only } from "../../contract/method.ts";
import { nitroFactNames } from "../../formats/nitro/facts.ts";

/** Attestation documents of NitroTPM: how an instance booted, measured. */
export const method: Method = {
  type: "aws-nitro-tpm",
  evidence: {
    anchors: ["pcr4"],
    // a boot image does what the Secure Boot policy and the kernel's command line let it
    companions: ["pcr7", "pcr12"],
    states: only(...nitroFactNames),
    assurance: "measured",
    family: "tpm",
  },
};

import { fc, test as property } from "@fast-check/vitest";
import { expect } from "vitest";
import { digestOfDigests, registrationDigest, registryDigest } from "../../core/registry/digest.ts";
import { agent, baseRows } from "../kit/registry.ts";

const rows = [...baseRows, agent("planner")];

property.prop([fc.shuffledSubarray(rows, { minLength: rows.length }), fc.nat(rows.length - 1)])(
  "some registrations and the digests of the others prove a version, and any other registration among them does not",
  (shuffled, at) => {
    const digests = shuffled.map(registrationDigest);
    expect(digestOfDigests(digests)).toBe(registryDigest(rows));
    const forged = registrationDigest({ ...shuffled[at], name: "another" });
    expect(digestOfDigests(digests.with(at, forged))).not.toBe(registryDigest(rows));
    expect(digestOfDigests(digests.toSpliced(at, 1))).not.toBe(registryDigest(rows));
  },
);

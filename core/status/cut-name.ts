import { hash } from "node:crypto";
import { cutNameCharacters, cutNameText } from "../model/subjects.ts";

/** A liveness subject's name in claim `others` and in the document of cuts, as the issuer computes it. */
export const cutName = (issuer: string, subject: string): string =>
  hash("sha256", cutNameText(issuer, subject), "base64url").slice(0, cutNameCharacters);

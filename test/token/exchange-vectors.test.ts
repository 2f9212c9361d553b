import { expect, it } from "vitest";
import { findDocuments } from "../../scripts/vectors/find.ts";
import { tryDocument } from "../../scripts/vectors/trial.ts";

const notes = new URL("../vectors/oauth/token-exchange-cases.json", import.meta.url).pathname;

it.each(findDocuments(notes).documents.map((one) => [one.said, one.file, one] as const))(
  "is answered %s: %s",
  async (_said, _file, document) => {
    expect(await tryDocument(document)).toMatchObject({ passed: true });
  },
);

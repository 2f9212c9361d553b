import { fc } from "@fast-check/vitest";
import { baselineItem, baselineOf } from "../../../../lambdas/aws/dynamodb/baseline-rows.ts";
import { ledgerItem, ledgerOf, signedCutsItem, signedCutsOf } from "../../../../lambdas/aws/dynamodb/lists/cut-rows.ts";
import { openItem, openOf, signedItem, signedOf } from "../../../../lambdas/aws/dynamodb/lists/signed-rows.ts";
import { stopsItem, stopsOf } from "../../../../lambdas/aws/dynamodb/lists/stop-rows.ts";
import { confirmationItem, confirmationOf } from "../../../../lambdas/aws/dynamodb/people/confirmation-rows.ts";
import { personKeyItem, personKeyOf } from "../../../../lambdas/aws/dynamodb/people/person-keys.ts";
import { orderItem, orderOf, ringItem, ringOf } from "../../../../lambdas/aws/dynamodb/ring-rows.ts";
import { handleItem, handleOf } from "../../../../lambdas/aws/dynamodb/sessions/handle-rows.ts";
import { offerItem, offerOf } from "../../../../lambdas/aws/dynamodb/sessions/offer-rows.ts";
import { sessionItem, sessionOf } from "../../../../lambdas/aws/dynamodb/sessions/session-rows.ts";
import { lookedItem, lookedOf, traceItem, traceOf } from "../../../../lambdas/aws/dynamodb/trace-rows.ts";
import { outlivingItem, outlivingOf, vendItem, vendOf } from "../../../../lambdas/aws/dynamodb/vends/vend-rows.ts";

import { approvalKinds } from "./approval-kinds.ts";
import { type Kind, kind } from "./kind.ts";
import { registryKinds } from "./registry-kinds.ts";
import {
  algorithm,
  free,
  handle,
  offer,
  purpose,
  session,
  sessionMayLack,
  stops,
  text,
  texts,
  whole,
} from "./values.ts";

const vend = fc.record(
  {
    ...{ root: text, sid: text, agent: text, role: text, arn: text, account: text, accessKeyId: text },
    ...{ endsAtSeconds: whole, sessionEndsAtSeconds: whole },
  },
  { requiredKeys: ["root", "sid", "agent", "role", "arn", "account", "endsAtSeconds"] },
);

/** Every kind that is written and read as a whole row. */
export const kinds: readonly Kind[] = [
  ...registryKinds,
  ...approvalKinds,
  kind({
    name: "session",
    table: "sessions",
    key: "root",
    values: session,
    encode: sessionItem,
    decode: sessionOf,
    optional: sessionMayLack,
  }),
  kind({
    name: "offer",
    table: "sessions",
    key: "root",
    values: offer,
    encode: offerItem,
    decode: offerOf,
    optional: ["usesAbove", "maxUses", "budget", "redeemed"],
  }),
  kind({
    name: "handle",
    table: "sessions",
    key: "root",
    values: handle,
    encode: handleItem,
    decode: handleOf,
    optional: ["uses"],
  }),
  kind({
    name: "AWS credentials",
    table: "vends",
    key: "root",
    values: vend,
    encode: vendItem,
    decode: vendOf,
    optional: ["accessKeyId", "sessionEndsAtSeconds"],
  }),
  kind({
    name: "AWS credentials by the hour of their end",
    table: "vends",
    key: "root",
    values: vend,
    encode: outlivingItem,
    decode: outlivingOf,
    optional: ["accessKeyId", "sessionEndsAtSeconds"],
  }),
  kind({
    name: "owner's confirmation",
    table: "confirmations",
    key: "principal",
    values: fc.record({ principal: text, atSeconds: whole }),
    encode: confirmationItem,
    decode: confirmationOf,
    optional: [],
  }),
  kind({
    name: "person's key",
    table: "people",
    key: "person",
    values: fc.record({
      person: fc.string({ minLength: 1 }),
      key: fc.string({ minLength: 1 }),
      madeAtSeconds: fc.nat(),
    }),
    encode: personKeyItem,
    decode: personKeyOf,
    optional: [],
  }),
  kind({
    name: "signed list",
    table: "lists",
    key: "list",
    values: fc.record({ token: text, revokedCount: whole, untilSeconds: whole }),
    encode: (signed) => signedItem("2026080100-0", signed, 1),
    decode: signedOf,
    optional: [],
  }),
  kind({
    name: "ledger of cuts",
    table: "lists",
    key: "list",
    values: fc.record(
      {
        version: whole,
        cuts: fc.array(
          fc.record({
            name: text,
            epoch: whole,
            reach: fc.constantFrom("deployment", "agent", "build", "principal", "login"),
            atSeconds: whole,
            untilSeconds: whole,
          }),
        ),
        overflowUntilSeconds: whole,
      },
      { requiredKeys: ["version", "cuts"] },
    ),
    encode: ledgerItem,
    decode: ledgerOf,
    optional: ["overflowUntilSeconds"],
  }),
  kind({
    name: "ledger of stops",
    table: "lists",
    key: "list",
    values: stops,
    encode: stopsItem,
    decode: stopsOf,
    optional: ["overflowUntilSeconds"],
  }),
  kind({
    name: "signed document of cuts",
    table: "lists",
    key: "list",
    values: fc.record({ token: text, version: whole, untilSeconds: whole }),
    encode: signedCutsItem,
    decode: signedCutsOf,
    optional: [],
  }),
  kind({
    name: "open lists",
    table: "lists",
    key: "list",
    values: texts,
    encode: openItem,
    decode: openOf,
    optional: [],
  }),
  kind({
    name: "trace",
    table: "traces",
    key: "kind",
    values: fc.record(
      {
        name: text,
        revision: whole,
        seenAtSeconds: whole,
        toldDormant: fc.constant(true as const),
        toldReviewBy: text,
      },
      { requiredKeys: ["name", "revision", "seenAtSeconds"] },
    ),
    encode: traceItem,
    decode: traceOf,
    optional: ["toldDormant", "toldReviewBy"],
  }),
  kind({
    name: "last look",
    table: "traces",
    key: "kind",
    values: whole,
    encode: lookedItem,
    decode: lookedOf,
    optional: [],
  }),
  kind({
    name: "deployed function",
    table: "traces",
    key: "kind",
    values: fc.record(
      {
        name: text,
        revision: whole,
        known: fc.array(fc.record({ codeSha256: text, roleArn: text, settings: text, mark: text, atSeconds: whole }), {
          maxLength: 2,
        }),
        drift: fc.record({ sinceSeconds: whole, mark: text, told: text }, { requiredKeys: ["sinceSeconds", "mark"] }),
      },
      { requiredKeys: ["name", "revision", "known"] },
    ),
    encode: baselineItem,
    decode: baselineOf,
    optional: ["drift"],
  }),
  kind({
    name: "ring",
    table: "keyring",
    key: "ring",
    values: fc.record(
      {
        purpose,
        version: whole,
        keys: fc.array(
          fc.record(
            {
              kid: text,
              keyArn: text,
              alg: algorithm,
              state: fc.constantFrom("published" as const, "active" as const, "distrusted" as const),
              createdAtSeconds: whole,
              publishedAtSeconds: whole,
              retiredAtSeconds: whole,
            },
            { requiredKeys: ["kid", "keyArn", "alg", "state", "createdAtSeconds"] },
          ),
          { maxLength: 2 },
        ),
        intents: fc.array(fc.record({ id: text, alg: algorithm, sinceSeconds: whole }), { maxLength: 1 }),
        switching: fc.array(algorithm, { maxLength: 1 }),
        handledOrder: text,
        refusedOrder: text,
      },
      { requiredKeys: ["purpose", "version", "keys", "intents", "switching"] },
    ),
    encode: ringItem,
    decode: ringOf,
    optional: ["handledOrder", "refusedOrder"],
  }),
  kind({
    name: "order",
    table: "orders",
    key: "ring",
    values: fc.record(
      {
        id: text,
        purpose,
        kind: fc.constantFrom("rotate" as const, "emergency" as const),
        kid: text,
        reason: free,
        operator: fc.record({ arn: text, uniqueId: text }),
        atSeconds: whole,
      },
      { requiredKeys: ["id", "purpose", "kind", "reason", "operator", "atSeconds"] },
    ),
    encode: orderItem,
    decode: orderOf,
    optional: [],
  }),
];

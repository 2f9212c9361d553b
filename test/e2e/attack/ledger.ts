import { expect } from "vitest";
import type { DenialCode } from "../../../core/denial/denial.ts";
import { awaitRecords, type StoredRecord } from "../../../local/demo/story/records.ts";
import type { World } from "../../../local/demo/story/world.ts";
import type { Answer } from "../../kit/wire/http.ts";

/** What a refusal must look like. */
interface Refusal {
  readonly status: number;
  /** OAuth error code. */
  readonly error: string;
  /** Reason code in the audit record. */
  readonly code: DenialCode;
  /** True when the caller had not yet proved who it is: its record may be aggregated with others of its kind. */
  readonly anonymous?: boolean;
}

/** Keeps what was refused, to be found again in the bucket. */
export interface Ledger {
  /** Checks an answer against `refusal` at once, and remembers it. */
  refused(answer: Answer, refusal: Refusal): void;
  /**
   * Remembers a decision that the caller was not told (introspection, revocation of a stranger's token); `anonymous` as in
   * {@link Refusal}.
   */
  noted(answer: Answer, code: DenialCode, anonymous?: boolean): void;
  readonly entries: readonly { readonly requestId: string; readonly code: DenialCode; readonly anonymous: boolean }[];
  /** Reads the bucket until every entry is there; the records, and the entries that are still missing. */
  settle(): Promise<{ records: readonly StoredRecord[]; missing: readonly string[] }>;
}

/** Marks of our insides that no answer may carry. */
const internals =
  /node_modules|at .+\.(ts|mjs|js):\d+|dynamodb|arn:aws|ConditionalCheck|TypeError|undefined|\bstack\b|Exception/i;

export const requestIdOf = (answer: Answer): string => String(answer.headers["x-request-id"] ?? "");

/** What every answer of ours has, granted or refused. */
export function expectHygiene(answer: Answer): void {
  expect(answer.headers["cache-control"], "every answer forbids caching").toContain("no-store");
  expect(requestIdOf(answer), "every answer names its request").toMatch(/^[\w-]{8,}$/);
  expect(answer.headers["content-type"]).toContain("application/json");
}

export function createLedger(world: World): Ledger {
  const entries: { requestId: string; code: DenialCode; anonymous: boolean }[] = [];
  const missing = (records: readonly StoredRecord[]) => {
    const byRequest = new Set(records.map(({ facts }) => `${facts.request_id} ${facts.denial?.code}`));
    // a stranger's refusals, a thief's, and what one agent was refused beyond its records a minute stand in a count
    const counted = new Set(
      records.filter(({ facts }) => facts.count !== undefined).map(({ facts }) => facts.denial?.code),
    );
    return entries
      .filter((e) => !byRequest.has(`${e.requestId} ${e.code}`) && !counted.has(e.code))
      .map((e) => {
        const said = records
          .filter(({ facts }) => facts.request_id === e.requestId)
          .map(({ facts }) => facts.denial?.code);
        return `${e.code} of request ${e.requestId}, recorded as ${said.join(", ") || "nothing"}`;
      });
  };
  return {
    entries,
    refused(answer, { status, error, code, anonymous = false }) {
      expect({ status: answer.status, error: answer.json.error }, answer.text).toEqual({ status, error });
      expectHygiene(answer);
      // a denylisted login is told how the person signs in anew, and nothing else is told more than the standard has
      const { max_age: _, ...told } = answer.json;
      expect(Object.keys(told).sort()).toEqual(["error", "error_description"]);
      expect(answer.text).not.toMatch(internals);
      entries.push({ requestId: requestIdOf(answer), code, anonymous });
    },
    noted: (answer, code, anonymous = false) => void entries.push({ requestId: requestIdOf(answer), code, anonymous }),
    async settle() {
      const records = await awaitRecords(world, (all) => missing(all).length === 0, 30_000);
      return { records, missing: missing(records) };
    },
  };
}

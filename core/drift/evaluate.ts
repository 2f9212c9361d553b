import type { Baseline, Known } from "./baseline.ts";
import type { Found } from "./function-state.ts";
import { trustsLambdaAlone } from "./trust.ts";

/** How many deployments of a function are remembered. */
const mostKnown = 16;

/**
 * How long a function may differ before it rings. A deployment changes functions one after another and this watch last;
 * one that fails changes them back. No deployment takes this long between the two.
 */
export const patienceSeconds = 1_800;

/** What one function is held against. */
interface Measure {
  /** The template's mark of it. */
  readonly mark: string;
  /** When the watch itself was last deployed: after every function that the same deployment changed. */
  readonly deployedAtMillis: number;
  readonly nowSeconds: number;
}

/** What came of one look. */
interface Evaluation {
  /** What is to be remembered; undefined when nothing is new. */
  readonly next: Baseline | undefined;
  /** What is wrong, and has been for long enough, or cannot come of a deployment. */
  readonly rings: readonly string[];
  readonly tell?: Told;
}

/** One thing that the audit is told. */
export interface Told {
  readonly operation: "deployment.seen" | "deployment.drift";
  readonly what: string;
  readonly against: Known | undefined;
}

/**
 * Holds a function against its last deployment. What stands after a deployment is known by the template's mark of the
 * function, which only CloudFormation changes: a mark not seen before is a deployment, and what is found then is what was
 * deployed, unless it was changed after the deployment had come to its end. Under a mark that is known nothing changes.
 * @param found undefined when there is no such function
 */
export function evaluate(base: Baseline, found: Found | undefined, measure: Measure): Evaluation {
  const { mark } = measure;
  const known = base.known.find((one) => one.mark === mark);
  const wrong = differences(known, found, measure);
  const certain = trustFault(found);
  const all = [...certain, ...wrong];
  if (all.length > 0) return drifting(base, { all, certain, known }, measure);
  if (known === undefined && found !== undefined) return adopted(base, found, measure);
  return base.drift === undefined ? { next: undefined, rings: [] } : mended(base, known, measure);
}

const trustFault = ({ trust }: Partial<Found> = {}): readonly string[] =>
  trust === undefined || trustsLambdaAlone(trust) ? [] : ["its role can be assumed by others than Lambda"];

function differences(known: Known | undefined, found: Found | undefined, measure: Measure): readonly string[] {
  if (found === undefined) return ["it does not exist"];
  if (found.trust === undefined) return ["its role is none that was deployed, or does not exist"];
  if (known === undefined)
    return found.modifiedAtMillis > measure.deployedAtMillis ? ["it was changed after it was deployed"] : [];
  return [
    ...(found.codeSha256 === known.codeSha256 ? [] : ["its code is not what was deployed"]),
    ...(found.roleArn === known.roleArn ? [] : ["its role is not the one it was deployed with"]),
    ...(found.settings === known.settings ? [] : ["its settings are not what was deployed"]),
  ];
}

interface Faults {
  readonly all: readonly string[];
  /** No deployment brings these about, not even halfway. */
  readonly certain: readonly string[];
  readonly known: Known | undefined;
}

function drifting(base: Baseline, { all, certain, known }: Faults, { mark, nowSeconds }: Measure): Evaluation {
  const drift = base.drift ?? { sinceSeconds: nowSeconds, mark };
  const rings = nowSeconds - drift.sinceSeconds >= patienceSeconds ? all : certain;
  const what = rings.join("; ");
  const tell = rings.length > 0 && what !== drift.told;
  if (base.drift !== undefined && !tell) return { next: undefined, rings };
  return {
    next: written(base, { drift: { ...drift, ...(tell ? { told: what } : {}) } }),
    rings,
    ...(tell ? { tell: { operation: "deployment.drift", what, against: known } } : {}),
  };
}

function adopted(base: Baseline, { codeSha256, roleArn, settings }: Found, { mark, nowSeconds }: Measure): Evaluation {
  const known: Known = { mark, codeSha256, roleArn, settings, atSeconds: nowSeconds };
  const what = `first look after the deployment ${mark}`;
  return {
    next: written({ ...base, known: [known, ...base.known].slice(0, mostKnown) }, {}),
    rings: [],
    tell: { operation: "deployment.seen", what, against: undefined },
  };
}

/** Changed and changed back: a deployment that failed looks so, and so does somebody who was here for a while. */
function mended(base: Baseline, against: Known | undefined, { mark, nowSeconds }: Measure): Evaluation {
  const { drift } = base;
  const byDeployment = drift?.told === undefined && drift?.mark !== mark;
  const what = `it is again what was deployed; for ${nowSeconds - (drift?.sinceSeconds ?? nowSeconds)} s it was not`;
  return {
    next: written(base, {}),
    rings: [],
    ...(byDeployment ? {} : { tell: { operation: "deployment.drift", what, against } }),
  };
}

const written = ({ name, revision, known }: Baseline, { drift }: Pick<Baseline, "drift">): Baseline => ({
  name,
  revision: revision + 1,
  known,
  ...(drift === undefined ? {} : { drift }),
});

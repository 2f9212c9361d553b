import type { Baseline, Known } from "./baseline.ts";
import type { Found } from "./function-state.ts";
import { trustsLambdaAlone } from "./trust.ts";

/** How many deployments of a function are remembered. */
const mostKnown = 16;

/**
 * How long a function may differ before an alarm rings. A deployment changes functions one after another and this watch
 * last; one that fails changes them back. No deployment takes this long between the two.
 */
export const patienceSeconds = 1_800;

/** What one function is compared with. */
interface Measure {
  /** The template's mark of it. */
  readonly mark: string;
  /** When the watch itself was last deployed: after every function that the same deployment changed. */
  readonly deployedAtMillis: number;
  readonly nowSeconds: number;
}

/** The result of one comparison. */
interface Evaluation {
  /** The baseline to store; undefined when nothing is new. */
  readonly next: Baseline | undefined;
  /** What is wrong and rings: either for long enough, or because no deployment can cause it. */
  readonly rings: readonly string[];
  readonly tell?: Told;
}

/** One thing to record in the audit. */
export interface Told {
  readonly operation: "deployment.seen" | "deployment.drift";
  readonly what: string;
  readonly against: Known | undefined;
}

/**
 * Compares a function with its last deployment. What a deployment leaves is recognized by the template's mark of the
 * function, which only CloudFormation changes. A new mark is a deployment, and the state found then is taken as
 * deployed, unless it was changed after the deployment had ended. Under a known mark the state must not change.
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
  /** Faults that no deployment can cause, not even halfway. */
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

/**
 * The function was changed and changed back. A deployment that failed looks like this, and so does an intruder who was
 * here for a while.
 */
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

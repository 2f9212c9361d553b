import { keyTimes } from "../model/key-times.ts";
import { type Clock, type KeyPurpose, nowSeconds } from "../model/ports.ts";
import { withFirstKeys } from "../ring/first-keys.ts";
import { ringFaults } from "../ring/health.ts";
import type { Ring, RingKey } from "../ring/model.ts";
import { nextStep } from "../ring/next-step.ts";
import type { RingView, RotatorDeps } from "../ring/ports.ts";
import { recordsOf } from "../ring/records.ts";
import type { Effect } from "../ring/step.ts";

/** Most steps of one run for one ring; the next run continues. */
const stepsMax = 40;

/**
 * Does for every ring all steps that are due. For each ring:
 *
 * 1. **view** ring and order, and compare both clocks
 * 2. **begin** the ring with the stack's own first keys, if there is none
 * 3. **end** keys that this run created for an intent that was given up meanwhile
 * 4. **choose** the next step (`ring/next-step.ts`); when none is left, report what is wrong with ring and keys, and go
 *    on to the next ring
 * 5. **carry out** what the step needs done at KMS
 * 6. **write** ring and records on condition that nobody wrote first; a run that lost this race continues at 1
 *
 * @returns what is wrong with the rings, as texts for an operator; empty when all is well. A ring that fails does not
 * hold up the others
 */
export async function rotateAll(deps: RotatorDeps): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const purpose of Object.keys(deps.first) as KeyPurpose[]) {
    try {
      faults.push(...(await rotateRing(purpose, deps)));
    } catch (failure) {
      faults.push(`${purpose}: ${failure instanceof Error ? failure.message : String(failure)}`);
    }
  }
  return faults;
}

async function rotateRing(purpose: KeyPurpose, deps: RotatorDeps): Promise<readonly string[]> {
  const run = { mine: new Set<string>(), made: new Map<string, RingKey>() };
  const first = deps.first[purpose] ?? [];
  const algorithms = first.map(({ alg }) => alg);
  const kept = new Set(first.map(({ keyArn }) => keyArn));
  for (let steps = 0; steps < stepsMax; steps++) {
    // 1. view
    const view = await deps.rings.view(purpose);
    checkClock(view, deps.clock);
    // 2. begin
    const ring = await withFirstKeys(view.ring, purpose, deps);
    if (ring !== view.ring) {
      await deps.rings.write(ring, []);
      continue;
    }
    // 3. end
    await endLostKeys(ring, run, deps);
    // 4. choose
    const freshId = deps.ids.id();
    const at = { nowSeconds: nowSeconds(deps.clock), pace: deps.pace, mine: run.mine, freshId, algorithms, kept };
    const step = nextStep(ring, view.order ? { ...at, order: view.order } : at);
    if (!step) return [...ringFaults(ring, at), ...(await vetAll(ring, deps))].map((why) => `${purpose}: ${why}`);
    // 5. carry out
    const made = step.effect && (await carryOut(step.effect, { ring, made: run.made }, deps));
    // 6. write
    const { ring: next, events } = step.write(made);
    if (next.intents.some(({ id }) => id === freshId)) run.mine.add(freshId);
    await deps.rings.write(next, recordsOf(purpose, events, deps));
  }
  return [`${purpose}: more than ${stepsMax} steps in one run; the next goes on`];
}

/**
 * Two clocks must agree before anything gets a date. If a clock that jumped switched a key too early, nobody could
 * verify what it signs; if it ended a key too early, what that key signed would be refused.
 */
function checkClock({ witnessSeconds }: RingView, clock: Clock): void {
  const apart = Math.abs(nowSeconds(clock) - witnessSeconds);
  if (!(apart <= keyTimes.clockMarginSeconds / 2))
    throw new Error(`this function's clock and AWS's are ${apart} s apart; nothing is rotated by such a clock`);
}

/** Ends keys that this run created for an intent that no longer exists, since another run gave it up. */
async function endLostKeys(
  ring: Ring,
  run: { readonly made: Map<string, RingKey> },
  { maker }: RotatorDeps,
): Promise<void> {
  for (const [id, key] of run.made) {
    if (ring.keys.some(({ kid }) => kid === key.kid)) run.made.delete(id);
    else if (!ring.intents.some((intent) => intent.id === id)) {
      await maker.end(key);
      run.made.delete(id);
    }
  }
}

async function carryOut(
  effect: Effect,
  { ring, made }: { readonly ring: Ring; readonly made: Map<string, RingKey> },
  { maker }: RotatorDeps,
): Promise<RingKey | undefined> {
  switch (effect.do) {
    case "create": {
      // created once in a run: a write that lost its race is repeated with the same key
      const key = made.get(effect.intent.id) ?? (await maker.create(ring.purpose, effect.intent));
      made.set(effect.intent.id, key);
      return key;
    }
    case "vet": {
      const fit = await maker.vet(effect.key, ring.purpose);
      if (!fit.ok) throw new Error(`key ${effect.key.keyArn} is not fit to be published: ${fit.error}`);
      return undefined;
    }
    case "disable":
      await maker.disable(effect.key);
      return undefined;
    case "end":
      await maker.end(effect.key);
      return undefined;
    case "sweep":
      for (const keyArn of await maker.findByIntent(effect.intent)) {
        if (!ring.keys.some((key) => key.keyArn === keyArn)) await maker.end({ keyArn });
      }
      return undefined;
  }
}

/**
 * Checks every key in every run, so that a changed key policy is reported even where nobody watches CloudTrail (threat
 * 11).
 */
async function vetAll(ring: Ring, { maker }: RotatorDeps): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const key of ring.keys.filter(({ state }) => state !== "distrusted")) {
    const fit = await maker.vet(key, ring.purpose);
    if (!fit.ok) faults.push(`key ${key.kid} (${key.state}) is not what it must be: ${fit.error}`);
  }
  return faults;
}

import type { WalkCursor } from "./publish-store.ts";

/** How far a walk has come, although its steps end in any order. */
interface Trail {
  /**
   * Begins a step; those of one shard begin in the order of their keys.
   * @returns a function to call when the step is done
   */
  step(shard: string, key: string): () => void;
  /**
   * For each shard the last key up to which everything is done. An unfinished step holds back the cursor of its own
   * shard only.
   */
  cursor(): WalkCursor;
}

/**
 * Follows a walk.
 * @param from the cursor it continues from
 */
export function createTrail(from: WalkCursor = {}): Trail {
  const passed = new Map(Object.entries(from));
  const underWay = new Map<string, { readonly key: string; isDone: boolean }[]>();
  return {
    step(shard, key) {
      const steps = underWay.get(shard) ?? [];
      underWay.set(shard, steps);
      const step = { key, isDone: false };
      steps.push(step);
      return () => {
        step.isDone = true;
      };
    },
    cursor() {
      for (const [shard, steps] of underWay) {
        const open = steps.findIndex(({ isDone }) => !isDone);
        const last = steps.splice(0, open === -1 ? steps.length : open).at(-1);
        if (last) passed.set(shard, last.key);
      }
      return Object.fromEntries(passed);
    },
  };
}

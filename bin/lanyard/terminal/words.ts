/** An agent's name without the rest of its SPIFFE ID. */
export const short = (id: string): string => id.replace(/^spiffe:\/\/[^/]+\/agent\//, "");

/** How long until a moment, in the two largest units. */
export function until(atSeconds: number, nowSeconds: number): string {
  const left = atSeconds - nowSeconds;
  const seconds = Math.abs(left);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const text =
    hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
  return left >= 0 ? `in ${text}` : `${text} ago`;
}

/** A number with its noun, in the singular or plural. */
export const count = (n: number, one: string, several = `${one}s`): string => `${n} ${n === 1 ? one : several}`;

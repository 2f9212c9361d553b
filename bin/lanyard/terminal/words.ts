/** An agent by its name; one of another trust domain keeps its whole id. */
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

/** One of something, several of it. */
export const count = (n: number, one: string, several = `${one}s`): string => `${n} ${n === 1 ? one : several}`;

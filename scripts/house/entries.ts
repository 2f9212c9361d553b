/** Which files have exports for somebody outside of the repository. */
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { files } from "../walls/tree.ts";

const settings = /(^|\/)[^/]+\.config\.[cm]?[jt]s$/;
const handlers = /^lambdas\/[^/]+\/index\.ts$/;

/**
 * Tells entries: what a package.json of ours names under `exports` or `bin`, as source where it names what is built of it,
 * handlers of functions, tools' configurations, and examples, which stand for other people's code.
 */
export function entriesOf(root: string): (file: string) => boolean {
  const named = files(root, /^package\.json$/).flatMap((manifest) => namedIn(root, manifest));
  return (file) =>
    named.some((entry) => entry.test(file)) ||
    handlers.test(file) ||
    settings.test(file) ||
    file.startsWith("examples/");
}

function namedIn(root: string, manifest: string): readonly RegExp[] {
  const { exports, bin } = JSON.parse(readFileSync(join(root, manifest), "utf8")) as Record<string, unknown>;
  return paths([exports, bin]).map((path) => sourceOf(posix.join(posix.dirname(manifest), path)));
}

/** `client/dist/evidence/*.js` is built of `client/evidence/*.ts`. */
function sourceOf(path: string): RegExp {
  const source = path.replace("dist/", "").replace(/(\.d)?\.[cm]?[jt]s$/, "");
  const pattern = source.replace(/[.+?^$(){}|[\]\\]/g, "\\$&").replace("*", "[^/]+");
  return new RegExp(`^${pattern}\\.[cm]?[jt]s$`);
}

const paths = (value: unknown): readonly string[] => {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(paths) : [];
};

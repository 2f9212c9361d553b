import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { assemblyKey, keepAssembly, type Synthesis } from "../../scripts/kept/assembly.ts";
import { keepBundle } from "../../scripts/kept/bundles.ts";
import { make } from "../../scripts/kept/store.ts";

let root: string;
let store: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "lanyard-kept-"));
  store = join(root, ".lanyard/kept");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Writes a file, long enough ago to be taken for settled. */
function put(path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  utimesSync(file, 1_700_000_000, 1_700_000_000);
}
const onlyPlace = (folder: string): string => {
  const [place = "", ...more] = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(more).toEqual([]);
  return join(folder, (place as { name: string }).name);
};

describe("a kept bundle", () => {
  let built = 0;
  /** "Bundles" by putting the inputs behind each other. */
  const keep = (settings = "s", inputs = ["a.ts", "b.ts"]) =>
    keepBundle(store, {
      name: "token",
      root,
      settings,
      build: async (folder) => {
        built += 1;
        writeFileSync(
          join(folder, "index.mjs"),
          inputs.map((input) => readFileSync(join(root, input), "utf8")).join(""),
        );
        return inputs;
      },
    });
  const content = ({ folder }: { folder: string }) => readFileSync(join(folder, "index.mjs"), "utf8");
  beforeEach(() => {
    built = 0;
    put("a.ts", "a");
    put("b.ts", "b");
  });

  it("is used again while nothing it was made from has changed", async () => {
    const first = await keep();
    expect([first.kept, content(first)]).toEqual([false, "ab"]);
    expect(await keep()).toEqual({ ...first, kept: true });
    expect(built).toBe(1);
  });

  it.each([
    ["an input", () => put("b.ts", "c"), "ac"],
    ["an input's first letter only", () => put("a.ts", "A"), "Ab"],
  ])("is built anew when %s has changed", async (_what, change, expected) => {
    await keep();
    change();
    expect(content(await keep())).toBe(expected);
  });

  it("is built anew when the settings have changed, and found again when they are changed back", async () => {
    const first = await keep();
    expect((await keep("other")).kept).toBe(false);
    expect(await keep()).toEqual({ ...first, kept: true });
  });

  it("is built anew when an input has gone, and says what the bundler says of that", async () => {
    await keep();
    rmSync(join(root, "b.ts"));
    await expect(keep()).rejects.toThrow(/ENOENT/);
    expect((await keep("s", ["a.ts"])).kept).toBe(false);
  });

  it("follows the inputs of the last build, not of the first", async () => {
    await keep("s", ["a.ts"]);
    put("a.ts", "A");
    await keep("s", ["a.ts", "b.ts"]);
    put("b.ts", "B");
    expect(content(await keep("s", ["a.ts", "b.ts"]))).toBe("AB");
  });

  it.each<[string, (place: string) => void]>([
    ["cut short", (place) => writeFileSync(join(place, "content/index.mjs"), "a")],
    ["changed", (place) => appendFileSync(join(place, "content/index.mjs"), "evil()")],
    ["emptied", (place) => rmSync(join(place, "content/index.mjs"))],
    ["filled with more", (place) => writeFileSync(join(place, "content/more.mjs"), "")],
    ["without its sums", (place) => rmSync(join(place, "sums.json"))],
    ["with sums that are none", (place) => writeFileSync(join(place, "sums.json"), "{")],
    ["without its content", (place) => renameSync(join(place, "content"), join(place, "moved"))],
  ])("is never used when it is %s", async (_how, spoil) => {
    await keep();
    spoil(onlyPlace(store));
    const again = await keep();
    expect([again.kept, content(again)]).toEqual([false, "ab"]);
    expect((await keep()).kept).toBe(true);
  });

  it.each(["", "{}", "[]", "[7]", '["a.ts"'])("is built anew when the list of its inputs is %j", async (text) => {
    await keep();
    writeFileSync(join(store, "token.inputs.json"), text);
    expect((await keep()).kept).toBe(false);
  });

  it("is not kept when an input was saved while it was built", async () => {
    const racing = () =>
      keepBundle(store, {
        name: "token",
        root,
        settings: "s",
        build: async (folder) => {
          writeFileSync(join(folder, "index.mjs"), readFileSync(join(root, "a.ts")));
          writeFileSync(join(root, "a.ts"), "saved meanwhile");
          return ["a.ts"];
        },
      });
    expect(content(await racing())).toBe("a");
    expect(content(await keep("s", ["a.ts"]))).toBe("saved meanwhile");
  });

  it("leaves nothing half made when the bundler fails", async () => {
    const failing = { name: "token", root, settings: "s", build: () => Promise.reject(new Error("no such import")) };
    await expect(keepBundle(store, failing)).rejects.toThrow("no such import");
    expect(readdirSync(store)).toEqual([]);
  });

  it("comes out whole when several runs make it at the same time", async () => {
    const all = await Promise.all([1, 2, 3, 4].map(() => keep()));
    expect(all.map(content)).toEqual(["ab", "ab", "ab", "ab"]);
    expect((await keep()).kept).toBe(true);
  });

  it("leaves in its place what another run made meanwhile: a cloud may run on it already", async () => {
    let go = (): void => undefined;
    const waited = new Promise<void>((resolve) => {
      go = resolve;
    });
    const fill = (wait: Promise<void>) => async (folder: string) => {
      await wait;
      writeFileSync(join(folder, "index.mjs"), "the same");
      return { key: "key" };
    };
    const late = make(store, fill(waited));
    const { folder } = await make(store, fill(Promise.resolve()));
    const { ino } = statSync(folder);
    go();
    expect((await late).folder).toBe(folder);
    expect(statSync(folder).ino).toBe(ino);
  });
});

describe("a kept assembly", () => {
  let made = 0;
  const synthesis = (more: Partial<Synthesis> = {}): Synthesis => ({
    root,
    stage: "local",
    context: { flag: true },
    environment: {},
    bundles: { token: join(root, "bundle") },
    registry: join(root, "registry"),
    synthesize: async (folder) => {
      made += 1;
      writeFileSync(join(folder, "manifest.json"), readFileSync(join(root, "lib/stack.ts")));
    },
    ...more,
  });
  beforeEach(() => {
    made = 0;
    put("lib/stack.ts", "stack");
    put("bin/app.ts", "app");
    put("core/model/limits.ts", "limits");
    put("scripts/build.ts", "build");
    put("client/index.ts", "client");
    put("stages/local.json", "{}");
    put("lambdas/env.ts", "env");
    put("cdk.json", "{}");
    put("package-lock.json", "{}");
    put("registry/agents.yaml", "agent");
    put("bundle/index.mjs", "bundle");
  });

  it("is used again while nothing it depends on has changed", async () => {
    const first = await keepAssembly(store, synthesis());
    expect(first.kept).toBe(false);
    expect(await keepAssembly(store, synthesis())).toEqual({ ...first, kept: true });
    expect(made).toBe(1);
  });

  it.each([
    "lib/stack.ts",
    "bin/app.ts",
    "core/model/limits.ts",
    "scripts/build.ts",
    "client/index.ts",
    "stages/local.json",
    "lambdas/env.ts",
    "cdk.json",
    "package.json",
    "package-lock.json",
    "registry/agents.yaml",
    "bundle/index.mjs",
    "lib/new.ts",
    "registry/deeper/more.yaml",
    "bundle/chunk.mjs",
  ])("is made anew when %s changes or comes", async (file) => {
    const before = assemblyKey(synthesis());
    put(file, "changed");
    expect(assemblyKey(synthesis())).not.toBe(before);
  });

  it.each(["lib/stack.ts", "core/model/limits.ts", "registry/agents.yaml", "cdk.json", "bundle/index.mjs"])(
    "is made anew when %s goes",
    (file) => {
      const before = assemblyKey(synthesis());
      rmSync(join(root, file));
      expect(assemblyKey(synthesis())).not.toBe(before);
    },
  );

  it.each<[string, Partial<Synthesis>]>([
    ["the stage", { stage: "dev" }],
    ["the context", { context: { flag: false } }],
    ["the registry's folder", { registry: "elsewhere" }],
    ["a variable that CDK reads", { environment: { CDK_DEFAULT_REGION: "us-east-1" } }],
    ["the Region of AWS", { environment: { AWS_REGION: "us-east-1" } }],
    ["the functions", { bundles: {} }],
  ])("is made anew when %s is another", (_what, more) => {
    expect(assemblyKey(synthesis(more))).not.toBe(assemblyKey(synthesis()));
  });

  it("does not depend on credentials, nor on variables that CDK does not read", () => {
    const environment = {
      AWS_SECRET_ACCESS_KEY: "s",
      AWS_SESSION_TOKEN: "t",
      HOME: "/home/somebody",
      NODE_COMPILE_CACHE: "/somewhere",
    };
    expect(assemblyKey(synthesis({ environment }))).toBe(assemblyKey(synthesis()));
  });

  it("is never used when it is broken", async () => {
    const { folder } = await keepAssembly(store, synthesis());
    writeFileSync(join(folder, "manifest.json"), "");
    const again = await keepAssembly(store, synthesis());
    expect([again.kept, readFileSync(join(again.folder, "manifest.json"), "utf8")]).toEqual([false, "stack"]);
  });

  it("is not kept when a file changed while it was made", async () => {
    const racing = synthesis({
      synthesize: async (folder) => {
        writeFileSync(join(folder, "manifest.json"), "old");
        put("lib/stack.ts", "new");
      },
    });
    await keepAssembly(store, racing);
    const { folder } = await keepAssembly(store, synthesis());
    expect(readFileSync(join(folder, "manifest.json"), "utf8")).toBe("new");
  });
});

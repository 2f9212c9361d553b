/** What the control plane tells of the template's own functions, and what an administrator makes of them. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cloud } from "../cloudformation/template.ts";
import { functionsOf } from "../functions/of-template.ts";
import type { Json } from "../service.ts";

/** A function as GetFunctionConfiguration tells of it: the members that are told, by their names there. */
interface OwnFunction {
  readonly arn: string;
  configuration: Json;
}

/** The template's own, by name. */
export interface OwnThings {
  readonly functions: ReadonlyMap<string, OwnFunction>;
  /** What UpdateFunctionCode does to what is told; the code that runs here stays the template's. */
  tellOfCode(name: string, archive: Uint8Array): void;
}

/** Reads the template's functions and roles; all of them were changed last when the cloud was made. */
export function ownThings(cloud: Cloud): OwnThings {
  const made = lambdaTime();
  const functions = new Map<string, OwnFunction>(
    functionsOf(cloud, 1).map(({ resource, name, arn, roleArn, folder, handler, variables }) => {
      const { Runtime, Architectures, Layers = [], Timeout = 3, MemorySize = 128 } = cloud.properties(resource);
      const configuration = {
        ...{
          FunctionName: name,
          FunctionArn: arn,
          Role: roleArn,
          Runtime,
          Architectures,
          Handler: handler,
          Timeout,
          MemorySize,
        },
        Layers: (Layers as string[]).map((Arn) => ({ Arn })),
        Environment: { Variables: variables },
        ...{
          CodeSha256: folderSha256(folder),
          LastModified: made,
          Version: "$LATEST",
          PackageType: "Zip",
          State: "Active",
        },
      };
      return [name, { arn, configuration }] as const;
    }),
  );
  return {
    functions,
    tellOfCode(name, archive) {
      const own = functions.get(name);
      if (own === undefined) throw new Error(`there is no function ${name}`);
      const CodeSha256 = createHash("sha256").update(archive).digest("base64");
      own.configuration = { ...own.configuration, CodeSha256, LastModified: lambdaTime() };
    },
  };
}

/** As Lambda writes it: `+0000` for UTC. */
const lambdaTime = (): string => new Date().toISOString().replace("Z", "+0000");

/** Stands for the archive's hash: of every file's name and bytes, which an archive holds too. */
function folderSha256(folder: string): string {
  const hash = createHash("sha256");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const path of files.map((entry) => join(entry.parentPath, entry.name)).sort()) {
    const bytes = readFileSync(path);
    hash.update(`${path.slice(folder.length)}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("base64");
}

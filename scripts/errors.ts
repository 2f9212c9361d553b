/**
 * `node scripts/errors.ts` writes `docs/errors.md` anew from the table of denials (`core/denial/table.ts`) and from what
 * a resource server answers. A test fails while the page says anything else.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { errorsPage } from "./errors/page.ts";

writeFileSync(fileURLToPath(new URL("../docs/errors.md", import.meta.url)), errorsPage());

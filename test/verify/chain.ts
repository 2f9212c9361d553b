import { subjects } from "../../core/model/subjects.ts";
import { cutName } from "../../core/status/cut-name.ts";
import { issuer, planner, researcher } from "./issuer.ts";

/** The login that a token of {@link chain} was opened by, and the build it was attested with. */
export const login = "l".repeat(22);
export const build = "sha256:feed";

/** Claims of a token of planner and researcher for a person, issued before anything was cut. */
export const chain = {
  client_id: researcher,
  act: { sub: researcher, act: { sub: planner } },
  depth: 1,
  login: [login],
  epochs: [0, 0, 0, 0, 0],
  others: [[cutName(issuer, subjects.build(build)), 0]],
};

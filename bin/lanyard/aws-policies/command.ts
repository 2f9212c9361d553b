import { type OrganizationPolicies, organizationPolicies } from "../../../core/stop/organization.ts";
import { type Terminal, Usage } from "../terminal/outcome.ts";
import { sinceMillis } from "../terminal/since.ts";

/** The documents, by the names that they are asked by. */
const documents = {
  guard: "guard",
  stop: "stop",
  "stop-at-resources": "stopAtResources",
} as const satisfies Readonly<Record<string, keyof OrganizationPolicies>>;

/** Names of the documents. */
export const policyNames = Object.keys(documents);

/** Options of `aws-policies`. */
export interface AwsPoliciesOptions {
  /** ARN patterns of the roles that deploy. */
  readonly deployer: readonly string[];
  /** Only credentials issued before this moment are stopped. */
  readonly issuedBefore?: string;
  /** Services whose resources are closed. */
  readonly service: readonly string[];
}

/** Most characters of a policy of AWS Organizations. */
const mostCharacters = 5_120;

const roleArn = /^arn:[a-z*-]+:iam::([\d*?]{1,12}):role\/[\w+=,.@/*?-]{1,512}$/;
const serviceName = /^[a-z][a-z0-9-]{1,62}$/;

/**
 * `aws-policies <name>`: prints a policy for AWS Organizations, as one line that `create-policy --content` takes.
 * Nothing is asked: it is the same for every deployment.
 * @throws Usage
 */
export function runAwsPolicies(name: string, options: AwsPoliciesOptions, terminal: Terminal): void {
  const document = documents[name as keyof typeof documents];
  if (document === undefined) throw new Usage(`which policy? ${policyNames.join(", ")}`);
  const { deployer: deployers, issuedBefore, service: services } = options;
  checkOptions(name, options);
  const made = organizationPolicies({
    deployers,
    ...(issuedBefore === undefined
      ? {}
      : { issuedBefore: new Date(sinceMillis(issuedBefore, Date.now(), "--issued-before")) }),
    ...(services.length > 0 ? { services } : {}),
  })[document];
  const text = JSON.stringify(made);
  if (text.length > mostCharacters)
    throw new Usage(`the policy has ${text.length} characters, and AWS Organizations takes ${mostCharacters}`);
  terminal.out(text);
}

/** An option that another policy knows is refused: whoever gives it believes in a bound that this one has not. */
function checkOptions(name: string, { deployer, issuedBefore, service }: AwsPoliciesOptions): void {
  const isGuard = name === "guard";
  const refuse = (given: boolean, option: string, knownBy: string): void => {
    if (given) throw new Usage(`${option} is for ${knownBy}, and ${name} has no use for it`);
  };
  refuse(!isGuard && deployer.length > 0, "--deployer", "guard");
  refuse(isGuard && issuedBefore !== undefined, "--issued-before", "stop and stop-at-resources");
  refuse(name !== "stop-at-resources" && service.length > 0, "--service", "stop-at-resources");
  if (isGuard && deployer.length === 0)
    throw new Usage("name who deploys by --deployer: without one, nobody could change a role for sessions any more");
  const wrongRole = deployer.find((arn) => !roleArn.test(arn));
  if (wrongRole !== undefined) throw new Usage(`${JSON.stringify(wrongRole)} is no pattern of a role's ARN`);
  const wrongService = service.find((one) => !serviceName.test(one));
  if (wrongService !== undefined)
    throw new Usage(`${JSON.stringify(wrongService)} is no service's prefix, such as dynamodb`);
}

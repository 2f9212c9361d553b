/**
 * Requests as AWS hands them to functions, after the shapes that its developer guides document, with values of our own:
 * with a stage in the path, a base path of a custom domain, and headers that came twice.
 */

type Headers = Readonly<Record<string, string>>;

const account = "111122223333";
const restId = "a1b2c3d4e5";
const stageDomain = `${restId}.execute-api.eu-west-1.amazonaws.com`;
const time = { requestTime: "30/Nov/2026:12:00:00 +0000", requestTimeEpoch: 1_796_040_000_000 };
const forwarded: Headers = {
  "X-Forwarded-For": "192.0.2.1, 203.0.113.9",
  "X-Forwarded-Host": "evil.example",
  "X-Forwarded-Port": "443",
  "X-Forwarded-Proto": "https",
  Forwarded: "for=192.0.2.1;host=evil.example;proto=https",
};
const lists = (headers: Headers, more: Readonly<Record<string, readonly string[]>> = {}) => ({
  ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
  ...more,
});
const lower = (headers: Headers) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** What differs from one request to the next. */
export interface Shape {
  readonly headers: Headers;
  /** Values that came more than once. */
  readonly multi?: Readonly<Record<string, readonly string[]>>;
  readonly method?: string;
  /** Path of the resource in the API. */
  readonly path?: string;
  readonly stage?: string;
  /** Custom domain, and the base path that leads to this API there. */
  readonly domain?: string;
  readonly base?: string;
}

const restContext = ({ method = "GET", path = "/things", stage = "prod", domain, base = "" }: Shape) => ({
  accountId: account,
  apiId: restId,
  domainName: domain ?? stageDomain,
  domainPrefix: (domain ?? restId).split(".")[0],
  extendedRequestId: "JKJaXmPLvHcESHA=",
  httpMethod: method,
  identity: { sourceIp: "203.0.113.9", userAgent: "test" },
  path: domain ? base + path : `/${stage}${path}`,
  protocol: "HTTP/1.1",
  requestId: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
  ...time,
  resourceId: "123456",
  resourcePath: "/{proxy+}",
  stage,
});

/** A REST API's proxy event. */
export const restEvent = (shape: Shape) => ({
  resource: "/{proxy+}",
  // with a custom domain it has the base path, without it lacks the stage
  path: (shape.domain ? (shape.base ?? "") : "") + (shape.path ?? "/things"),
  httpMethod: shape.method ?? "GET",
  headers: { Host: shape.domain ?? stageDomain, ...forwarded, ...shape.headers },
  multiValueHeaders: lists({ Host: shape.domain ?? stageDomain, ...forwarded, ...shape.headers }, shape.multi),
  queryStringParameters: { page: "2" },
  multiValueQueryStringParameters: { page: ["1", "2"] },
  pathParameters: { proxy: "things" },
  stageVariables: null,
  requestContext: restContext(shape),
  body: null,
  isBase64Encoded: false,
});

/** A REQUEST authorizer's event of a REST API. */
export const restAuthorizerEvent = (shape: Shape) => {
  const { body: _, isBase64Encoded: __, ...event } = restEvent(shape);
  const { method = "GET", path = "/things", stage = "prod" } = shape;
  const methodArn = `arn:aws:execute-api:eu-west-1:${account}:${restId}/${stage}/${method}${path}`;
  return { type: "REQUEST", methodArn, ...event };
};

const v2Context = ({ method = "GET", path = "/things", stage = "$default", domain }: Shape) => ({
  accountId: account,
  apiId: "h1",
  domainName: domain ?? "h1.execute-api.eu-west-1.amazonaws.com",
  domainPrefix: (domain ?? "h1").split(".")[0],
  http: {
    method,
    path: stage === "$default" ? path : `/${stage}${path}`,
    protocol: "HTTP/1.1",
    sourceIp: "203.0.113.9",
    userAgent: "test",
  },
  requestId: "JKJaXmPLvHcESHA=",
  routeKey: "ANY /{proxy+}",
  stage,
  time: time.requestTime,
  timeEpoch: time.requestTimeEpoch,
});

/** An HTTP API's event in payload format 2.0; a stage with a name stands in its path, a mapping's key does not. */
export const httpEvent = (shape: Shape) => ({
  version: "2.0",
  routeKey: "ANY /{proxy+}",
  rawPath: v2Context(shape).http.path,
  rawQueryString: "page=1&page=2",
  headers: lower({ Host: "h1.execute-api.eu-west-1.amazonaws.com", ...forwarded, ...shape.headers }),
  queryStringParameters: { page: "1,2" },
  requestContext: v2Context(shape),
  pathParameters: { proxy: "things" },
  isBase64Encoded: false,
});

/** A REQUEST authorizer's event of an HTTP API in payload format 2.0. */
export const httpAuthorizerEvent = (shape: Shape) => {
  const { isBase64Encoded: _, ...event } = httpEvent(shape);
  const { method = "GET", path = "/things", stage = "$default" } = shape;
  return {
    ...event,
    type: "REQUEST",
    routeArn: `arn:aws:execute-api:eu-west-1:${account}:h1/${stage}/${method}${path}`,
    identitySource: [shape.headers.authorization ?? ""],
  };
};

/** An HTTP API's event in payload format 1.0: the mapping's key stands in its path. */
export const httpV1Event = (shape: Shape) => ({
  version: "1.0",
  ...restEvent(shape),
  path: restContext(shape).path,
  requestContext: { ...restContext(shape), path: restContext(shape).path },
});

/** A function URL's event. */
export const functionUrlEvent = ({ headers, method = "GET", path = "/things" }: Shape) => ({
  version: "2.0",
  routeKey: "$default",
  rawPath: path,
  rawQueryString: "",
  headers: lower({ Host: "u1.lambda-url.eu-west-1.on.aws", ...forwarded, ...headers }),
  requestContext: {
    ...v2Context({ headers, method, path, domain: "u1.lambda-url.eu-west-1.on.aws" }),
    accountId: "anonymous",
    apiId: "u1",
    routeKey: "$default",
  },
  isBase64Encoded: false,
});

const elb = {
  elb: { targetGroupArn: `arn:aws:elasticloadbalancing:eu-west-1:${account}:targetgroup/api/61f1fdd113474a4b` },
};

/** A load balancer's event: one value a header, the last that came. */
export const loadBalancerEvent = ({ headers, method = "GET", path = "/things" }: Shape) => ({
  requestContext: elb,
  httpMethod: method,
  path,
  queryStringParameters: { page: "2" },
  headers: lower({ Host: "evil.example", ...forwarded, ...headers }),
  body: "",
  isBase64Encoded: false,
});

/** The same of a target group that hands headers on as lists. */
export const loadBalancerListsEvent = ({ headers, multi, method = "GET", path = "/things" }: Shape) => ({
  requestContext: elb,
  httpMethod: method,
  path,
  multiValueQueryStringParameters: { page: ["2"] },
  multiValueHeaders: lists(lower({ Host: "evil.example", ...forwarded, ...headers }), multi),
  body: "",
  isBase64Encoded: false,
});

/** An AppSync authorizer's event. */
export const appSyncEvent = ({ headers }: Shape, variables: Readonly<Record<string, unknown>> = {}) => ({
  authorizationToken: headers.authorization ?? "",
  requestContext: {
    apiId: "giy7kumfmvcqvbedntjwjvagii",
    accountId: account,
    requestId: "b80ed838-14c6-4500-b4c3-b694c7bef086",
    queryString: "mutation Close($id: ID!) { close(id: $id) { id } }",
    operationName: "Close",
    variables,
  },
  requestHeaders: lower({ Host: "evil.example", ...forwarded, ...headers }),
});

/**
 * Records of people and providers in front of us. The account access manager's have the shape that trailtool's issue 60
 * observed, delegated access's the one that IAM's user guide shows.
 */
const account = "111122223333";
export const personRole = `arn:aws:iam::${account}:role/account-access/engineer`;
export const workloadRole = `arn:aws:iam::${account}:role/planner-workload`;
export const person = {
  user: "94482488-3041-7005-a1b2-000000000001",
  store: `arn:aws:identitystore::${account}:identitystore/d-0000000000`,
  principal: "AROAENGINEER:94482488-3041-7005-a1b2-000000000001",
  began: "2026-11-30T09:00:11Z",
  key: "ASIAPERSON0000001",
};
const at = (eventTime: string, eventID: string) => ({
  ...{ eventVersion: "1.11", eventTime, eventID, requestID: `request-${eventID}` },
  ...{ awsRegion: "eu-west-1", recipientAccountId: account, eventCategory: "Management" },
});
const sts = (eventTime: string, eventID: string, eventName: string) => ({
  ...at(eventTime, eventID),
  ...{ eventSource: "sts.amazonaws.com", eventName },
});

/** AWS's service opens the person's session; the key that it is answered is not the one the person calls with. */
export const opened = (more: object = {}) => ({
  ...sts(person.began, "aam-open", "AssumeRole"),
  userAgent: "account-access.amazonaws.com",
  userIdentity: { type: "AWSService", invokedBy: "account-access.amazonaws.com" },
  requestParameters: {
    roleArn: personRole,
    roleSessionName: person.user,
    tags: [
      { key: "email", value: "ada@example.com" },
      { key: "department", value: "research" },
    ],
  },
  responseElements: {
    credentials: { accessKeyId: "ASIAANSWERED00001" },
    assumedRoleUser: { assumedRoleId: person.principal },
  },
  ...more,
});

/** The person's identity in what they do. */
const personIdentity = {
  type: "AssumedRole",
  principalId: person.principal,
  accessKeyId: person.key,
  onBehalfOf: { userId: person.user, identityStoreArn: person.store },
  sessionContext: {
    sessionIssuer: { arn: personRole },
    attributes: { creationDate: person.began, mfaAuthenticated: "false" },
  },
};

/** What the person does with that session. */
export const did = (eventName: string, more: object = {}) => ({
  ...at("2026-11-30T09:05:00Z", `person-${eventName}`),
  ...{ eventSource: "s3.amazonaws.com", eventName, userIdentity: personIdentity },
  ...more,
});

/** The person starts the agent's workload, in a role of its own. */
export const chained = {
  ...sts("2026-11-30T09:06:00Z", "chain", "AssumeRole"),
  userIdentity: personIdentity,
  requestParameters: { roleArn: workloadRole, roleSessionName: "planner" },
  responseElements: {
    credentials: { accessKeyId: "ASIAWORKLOAD00001" },
    assumedRoleUser: { assumedRoleId: "AROAWORKLOAD:planner" },
  },
};

/** The workload asks for the document that it proves itself with. */
export const document = {
  ...sts("2026-11-30T09:06:10Z", "document", "GetWebIdentityToken"),
  userIdentity: {
    type: "AssumedRole",
    principalId: "AROAWORKLOAD:planner",
    accessKeyId: "ASIAWORKLOAD00001",
    sessionContext: {
      sessionIssuer: { arn: workloadRole },
      attributes: { creationDate: "2026-11-30T09:06:00Z", mfaAuthenticated: "false" },
    },
  },
  responseElements: { webIdentityTokenId: "evidence-1" },
};

/** A product provider calls by delegated access. */
export const delegated = (more: object = {}) => ({
  ...at("2026-11-30T09:07:00Z", "delegated"),
  ...{ eventSource: "iam.amazonaws.com", eventName: "GetUserPolicy" },
  userIdentity: {
    type: "AssumedRole",
    principalId: "AROAADMIN:session",
    accessKeyId: "ASIADELEGATED0001",
    sessionContext: { sessionIssuer: { arn: `arn:aws:iam::${account}:role/Admin` } },
    invokedByDelegate: { accountId: "444455556666" },
    ...more,
  },
});

/** Knows nothing of tokens: the authorizer said who calls. */
export const handler = async (event) => {
  const { principal, agent, session } = event.requestContext.authorizer.lambda;
  return { statusCode: 200, body: JSON.stringify({ for: principal, by: agent, session }) };
};

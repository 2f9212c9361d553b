import { afterAll, beforeAll, describe, expect } from "vitest";
import { cardCases } from "./mcp/cards.ts";
import { type Desk, openDesk } from "./mcp/desk.ts";
import { protocolCases } from "./mcp/protocol.ts";
import { suiteCases } from "./mcp/suite.ts";

let opened: Desk | undefined;
const desk = (): Desk => opened ?? expect.fail("the desk is not open");
beforeAll(async () => {
  opened = await openDesk();
});
afterAll(() => opened?.close());

describe("reach by MCP and A2A", () => {
  protocolCases(desk);
  cardCases(desk);
  suiteCases(desk);
});

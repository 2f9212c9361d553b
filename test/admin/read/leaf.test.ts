import { describe, expect, test } from "vitest";
import { openReading } from "../reading.ts";

const asked = async (query: string) => (await openReading()).get(`/leaf${query}`);

describe("where a record stands", () => {
  test("is told by its event's id: its entry in the log and its object, as far as it has them", async () => {
    const place = { index: 300, object: { key: "audit/one.gz", versionId: "v1" } };
    const [eventId, hash] = ["A".repeat(22), "h".repeat(43)];
    expect(await asked(`?event=${eventId}`)).toMatchObject({ status: 200, body: { eventId, hash, ...place } });
    expect((await asked("?event=denied%23x")).body).toEqual({ eventId: "denied#x", hash });
    expect(await asked(`?event=${"B".repeat(22)}`)).toMatchObject({ status: 404 });
  });

  test.each(["~head", "~reconciled", "~told%23x", "%00", "a b", "%0Ax", "x".repeat(129), "../x", "#x"])(
    "threat 23: is asked for no row of the log itself, and by no text that is no id: %s",
    async (text) => {
      expect((await asked(`?event=${text}`)).status).toBe(400);
    },
  );

  test("is told to operators alone, and of one record at a time", async () => {
    const { get } = await openReading();
    expect((await get("/leaf?event=x", "nobody")).status).toBe(403);
    expect((await get("/leaf")).status).toBe(400);
    expect((await get("/leaf?event=x&event=y")).status).toBe(400);
    expect((await get("/leaf?event=x&limit=2")).status).toBe(400);
  });
});

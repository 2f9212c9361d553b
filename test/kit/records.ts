import { createRecorder } from "../../core/audit/ocsf.ts";
import type { RecordForm } from "../../core/audit/record.ts";
import { randomIds } from "./keys.ts";

/** The deployment that records of tests name. */
export const exampleForm: RecordForm = {
  ocsf: "1.9.0",
  deployment: {
    account: "999988887777",
    region: "eu-west-1",
    stage: "test",
    trustDomain: "agents.example.com",
  },
};

/** Writes records of that deployment. */
export const toRecord = createRecorder(exampleForm, randomIds);

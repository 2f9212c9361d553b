import { ofAuthority } from "./authority.ts";
import { ofConduct } from "./conduct.ts";
import type { AuditQuestion } from "./question.ts";

/** The ten questions that security asks first. */
export const auditQuestions: readonly AuditQuestion[] = [...ofAuthority, ...ofConduct];

/**
 * The kinds of jobs, each with its workflow. A destination runs one job at a time. `workflows/destination/jobs` has one file per kind
 * and does not compile while one is missing.
 */
export const JOB_WORKFLOWS = {
  export: 'mailchimpExport',
  plan: 'mailchimpPlan',
  verify: 'mailchimpVerify',
  forget: 'mailchimpForget',
} as const;
/** What a destination does one at a time: `export`; `plan`, which sends nothing; `verify`, which compares the audience with what was sent; or `forget`, which removes a person from its rows. @useDeclaredType */
export type JobKind = keyof typeof JOB_WORKFLOWS;

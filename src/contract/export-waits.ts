import { z } from 'zod';
import { GUARDS } from './guard';

/** What keeps an export from going on until a person acts. */
const WAITS = ['held', 'stopped', 'paused'] as const;
export type Wait = (typeof WAITS)[number];

const ExportWaitsSchema = z.object({
  exportId: z.string(),
  waits: z
    .object({
      kind: z.enum(WAITS),
      /** In ISO 8601 and UTC. */
      since: z.string(),
      /** What it is held for. */
      guards: z.array(z.enum(GUARDS)).optional(),
      /** Why it is stopped. */
      code: z.string().optional(),
      /** It was stopped for the same reason before, and `resume` came before the cause was fixed. */
      isRepeated: z.boolean().optional(),
    })
    .nullable(),
});
/** What an export says to its destination when it begins to wait for a person, and null when it goes on. May come twice. */
export interface ExportWaits extends z.output<typeof ExportWaitsSchema> {}

/** Undefined for anything else: a signal cannot be refused. */
export function parseExportWaits(signal: unknown): ExportWaits | undefined {
  return ExportWaitsSchema.safeParse(signal).data;
}

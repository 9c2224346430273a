import { z } from 'zod';
import { ExportOptionsSchema } from './export-options';
import { DestinationIdSchema } from './identifiers';

/** What `mailchimpExportSegments` takes. */
export const ExportSegmentsInputSchema = z.strictObject({
  destinationId: DestinationIdSchema,
  options: ExportOptionsSchema.prefault({}).describe('Each is off by default.'),
  trigger: z
    .string()
    .max(100)
    .default('workflow')
    .describe('What requested the export; kept in the history.'),
});
/** What `mailchimpExportSegments` takes: a connected and configured destination, and options of the export. */
export interface ExportSegmentsInput extends z.input<typeof ExportSegmentsInputSchema> {}
export type ExportSegmentsRequest = z.output<typeof ExportSegmentsInputSchema>;

import type { Addressee, Notice } from '../contract/alert';
import type { ExportReport } from '../contract/report';
import type { ActivityDependencies } from './dependencies';
import { maySetAttributes } from './rules/search-attributes';

export interface TidyStagingInput {
  readonly destinationId: string;
  readonly baseline: string | null;
  /** What the end of the export has changed. Undefined: nothing that alerts are about. */
  readonly notice?: Notice;
  /** Reports that the store does not have yet. */
  readonly reports?: readonly ExportReport[];
}

export interface TidiedStaging {
  /** Which receivers want an alert of the notice: known here, since a step of its own would cost as much as this one. */
  readonly receivers: readonly Addressee[];
  /** Whether the destination may set search attributes. Undefined: as before. */
  readonly searchAttributes?: boolean;
  /** A request to forget the contacts that Mailchimp has permanently deleted. Undefined: there are none, or they are not to be forgotten. */
  readonly forget?: string;
  /** Ids of the exports whose reports need not be given again. Undefined from a worker that keeps none. */
  readonly reported?: readonly string[];
}

/**
 * Keeps reports, then deletes the row files of exports that more than `keepExports` later ones have followed. A retry deletes the remaining ones. Those that are
 * too old are deleted by the worker, once a day.
 */
export function createTidyStaging(dependencies: ActivityDependencies) {
  const { staging, alerts, keepExports, forgetDeleted } = dependencies;
  return async function tidyStaging({
    destinationId,
    baseline,
    notice,
    reports = [],
  }: TidyStagingInput): Promise<TidiedStaging> {
    for (const report of reports) await staging.sealReport(report);
    await staging.tidy(destinationId, { baseline, keepExports });
    const forget =
      forgetDeleted && baseline !== null
        ? await staging.stageDeleted({ destinationId, exportId: baseline })
        : undefined;
    const searchAttributes = await maySetAttributes(dependencies);
    return {
      receivers: notice ? alerts.find(notice) : [],
      reported: reports.map(({ exportId }) => exportId),
      ...(forget !== undefined && { forget }),
      ...(searchAttributes !== undefined && { searchAttributes }),
    };
  };
}

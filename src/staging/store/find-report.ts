import { type ExportReport, kindOf } from '../../contract/report';
import type { StagingStore } from '../../ports/staging-store';
import { type Claim, lastClaim } from '../delivery/claim';
import { claimAt } from '../delivery/claim-series';
import { MOST_WITHOUT, readReport, readReports } from './reports';

interface Wanted {
  readonly number: number;
  /**
   * When the numbers began, in ISO 8601 and UTC: they begin again where a destination was lost and connected again. Undefined: not known, so all
   * reports are read, one by one.
   */
  readonly since: string | undefined;
}

/**
 * The report of the latest export with a number; undefined where none is kept. Jumps: the claims of exports have places as well, and an export that never
 * claimed leaves a gap in the numbers of exports only.
 */
export async function findReport(
  store: StagingStore,
  destinationId: string,
  { number, since }: Wanted,
): Promise<ExportReport | undefined> {
  if (since === undefined) return walk(store, destinationId, number);
  const found = await jump(store, destinationId, { number, since });
  return found === 'before' ? walk(store, destinationId, number) : found;
}

async function walk(
  store: StagingStore,
  destinationId: string,
  number: number,
): Promise<ExportReport | undefined> {
  for await (const report of readReports(store, destinationId))
    // Other jobs have numbers of their own.
    if (kindOf(report) === 'export' && report.number === number) return report;
  return undefined;
}

/** @returns `before`: such an export would be one of before the numbers began again */
async function jump(
  store: StagingStore,
  destinationId: string,
  { number, since }: { readonly number: number; readonly since: string },
): Promise<ExportReport | 'before' | undefined> {
  const last = await lastClaim(store, destinationId);
  if (!last) return undefined;
  let isBefore = false;
  // The place of the wanted claim is above `low`, and below `high`, whose export has the number `above`.
  let low = 0;
  let high = last.exports + 1;
  let above: number | undefined;
  while (high - low > 1) {
    const nearest = above === undefined ? high - 1 : high - (above - number);
    // Between the bounds in any case, also for a number that no export has: so each turn brings them nearer.
    const probe = nearest > low && nearest < high ? nearest : Math.floor((low + high) / 2);
    const to = Math.min(probe + MOST_WITHOUT, high - 1);
    const found = await firstReport(store, destinationId, { from: probe, to, last });
    if (!found) {
      // Nothing is kept there, and nothing before, since reports go with the rows, the oldest first.
      if (to === high - 1) high = probe;
      else low = to;
      continue;
    }
    const { place, report } = found;
    // Each claim of an export counts in both series, so more claims than exports are of two series.
    const isOfBefore = report.startedAt < since;
    if (above === undefined) isBefore = last.exports > report.number;
    if (report.number === number && !isOfBefore) return report;
    isBefore ||= isOfBefore;
    if (isOfBefore || report.number < number) low = place;
    else [high, above] = [probe, report.number - (place - probe)];
  }
  return isBefore ? 'before' : undefined;
}

/** The report of the first of some places that has one. */
async function firstReport(
  store: StagingStore,
  destinationId: string,
  { from, to, last }: { readonly from: number; readonly to: number; readonly last: Claim },
): Promise<{ readonly place: number; readonly report: ExportReport } | undefined> {
  for (let place = from; place <= to; place++) {
    const claim = await claimAt(store, destinationId, { series: 'exports', place, after: last });
    const report = claim && (await readReport(store, { destinationId, exportId: claim.exportId }));
    if (report && kindOf(report) === 'export') return { place, report };
  }
  return undefined;
}

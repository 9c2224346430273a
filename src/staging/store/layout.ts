import { join } from 'node:path';
import type { ExportRef } from '../../contract/identifiers';
import { ExportError } from '../../errors';
import type { SuppressionScope } from '../../ports/staging';
import type { StagingStore } from '../../ports/staging-store';
import { PROCESS_NAME } from './process-name';

// The only place that knows which key a thing has in the store. Keys of folders end with "/".

export const STORE = 'store.json';
/** Marks that another store takes the place of this one: one of each command that copies it. */
export const MOVED = 'moved/';
/** What this store is a copy of. Without `store.json`, the copy is not complete. */
export const COPY = 'copy.json';
export const AUDIENCES = 'audiences/';
export const DESTINATIONS = 'destinations/';
const SUPPRESSIONS = 'suppressions/';
/** With which the store hashes addresses of people who are forgotten and kept out. */
export const HASH_KEY = 'keys/address-hash.json';
/** All that a store has, but for the documents about the store itself. */
export const CONTENTS = [AUDIENCES, DESTINATIONS, SUPPRESSIONS, 'keys/'] as const;

/** Ends the name of rows that a forget has written again. */
export const REWRITTEN = '-.ndjson';

/** Subfolder of the store's local working folder: for files in progress, which are no objects yet. */
export const SCRATCH = 'scratch';
export const ATTEMPTS = 'attempts';

/** That of this process. Others may delete it once the process is gone. */
export function scratchOf({ workFolder }: Pick<StagingStore, 'workFolder'>): string {
  return join(workFolder, SCRATCH, PROCESS_NAME);
}

/** Local folder, of all processes, for what sources have downloaded and a later attempt goes on with. */
export function downloadsOf({ workFolder }: Pick<StagingStore, 'workFolder'>): string {
  return join(workFolder, SCRATCH, 'downloads');
}

/** Local folder of the attempts of this process at the steps of a destination's exports. Discarding the destination deletes those of all processes. */
export function attemptsOf(store: StagingStore, destinationId: string): string {
  return join(scratchOf(store), ATTEMPTS, checkedName(destinationId));
}

export function consentsFolder(destinationId: string): string {
  return `${destinationFolder(destinationId)}consents/`;
}

export function liftsFolder(destinationId: string): string {
  return `${destinationFolder(destinationId)}lifts/`;
}

export function claimsFolder(destinationId: string): string {
  return `${destinationFolder(destinationId)}claims/`;
}

/** Writes that are not known to have ended, of all exports of a destination. Nearly always empty. */
export function openWritesFolder(destinationId: string): string {
  return `${destinationFolder(destinationId)}open-writes/`;
}

/** Key of the mark that an export has claimed its destination. */
export function claimedKey({ destinationId, exportId }: ExportRef): string {
  return `${destinationFolder(destinationId)}claimed/${checkedName(exportId)}`;
}

/** Whether a key is such a mark. */
export function isClaimedKey(key: string): boolean {
  return key.startsWith(DESTINATIONS) && key.split('/')[2] === 'claimed';
}

/** Requests to forget a person: these name the person, until they are done. */
export function forgetsFolder(destinationId: string): string {
  return `${destinationFolder(destinationId)}forgets/`;
}

/** What requests to forget a person have removed, in counts. */
export function forgottenFolder(destinationId: string): string {
  return `${destinationFolder(destinationId)}forgotten/`;
}

/** Of the destination, of all destinations of a Mailchimp account, or of all of the store. */
export function suppressionsFolder(scope: SuppressionScope): string {
  if ('store' in scope) return `${SUPPRESSIONS}store/`;
  const [kind, name] =
    'destinationId' in scope ? ['destination', scope.destinationId] : ['account', scope.accountId];
  return `${SUPPRESSIONS}${kind}-${checkedName(name)}/`;
}

export function tagsFolder(destinationId: string): string {
  return `${destinationFolder(destinationId)}tags/`;
}

export function exportsFolder(destinationId: string): string {
  return `${destinationFolder(destinationId)}exports/`;
}

export function exportFolder({ destinationId, exportId }: ExportRef): string {
  return `${exportsFolder(destinationId)}${checkedName(exportId)}/`;
}

/** Key of a document or of a row file of an export. */
export function inExport(ref: ExportRef, ...names: readonly string[]): string {
  return exportFolder(ref) + names.map(checkedName).join('/');
}

function destinationFolder(destinationId: string): string {
  return `${DESTINATIONS}${checkedName(destinationId)}/`;
}

/** Ids become names in a key: none may climb out of its folder. */
export function checkedName(name: string): string {
  if (/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name)) return name;
  throw new ExportError(
    'INPUT_INVALID',
    'An id for the staging store may contain only A-Z, a-z, 0-9, "_", "-" and ".", and does not start with ".".',
  );
}

/** Verifications whose contacts the next export sends again, of a destination. Nearly always empty. */
export function repairsFolder(destinationId: string): string {
  return `${destinationFolder(destinationId)}repairs/`;
}

/** Contacts that seem to differ, of a verification. */
export const SUSPECTS = 'suspects.json';
/** What a verification has found. */
export const DRIFT = 'drift.json';
export const SNAPSHOT = 'snapshot.json';
export const CENSUS = 'census.json';
export const OPT_OUTS = 'opt-outs.json';
export const PLAN = 'plan.json';
export const BASELINE = 'baseline.json';
/** The baseline with the rows exposed that a late write may have changed. */
export const EXPOSED = 'exposed.json';
/** No write of an earlier export runs any longer. */
export const DRAINED = 'drained.json';
/** How the export ended, in counts. */
export const REPORT = 'report.json';
/** All that earlier exports have sent is settled. */
export const EARLIER_SETTLED = 'earlier-settled.json';

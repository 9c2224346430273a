import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportRef } from '../../contract/identifiers';
import type { PlanRequest, Restored, SealedExtract, UndoRequest } from '../../ports/staging';
import type { StagingStore } from '../../ports/staging-store';
import { ExportError } from '../../errors';
import {
  BASELINE_ROWS,
  type BaselineDocument,
  CHANGES,
  type PlanDocument,
  readBaseline,
  readPlan,
} from '../store/documents';
import { inExport } from '../store/layout';
import { openAttempt } from '../store/run-once';
import type { StepContext } from '../store/workspace';
import { mayHaveArrived } from '../delivery/attempts';
import { extractAttributes } from './attributes';
import { PROFILES, readSnapshot, sealNoProfiles, sealSnapshot, UNMATCHED } from './snapshot';

/** The rows of a baseline, for SQL. */
interface Rows {
  /** Path. */
  readonly rows: string;
  /** Merge field tags that it has a column for. */
  readonly fields: readonly string[];
  readonly hasOrigins: boolean;
}

/** What an undo reads of the export that is taken back, and of the one before it. */
export interface UndoneExport {
  readonly plan: PlanDocument;
  /** Path of its changes. */
  readonly changes: string;
  /** The baseline that it left. */
  readonly after: Rows;
  /** The baseline that it began from. Undefined: it was the first. */
  readonly before: (Rows & { readonly exportId: string; readonly plan: PlanDocument }) | undefined;
}

/** How the export before sent its profiles; of a first export its own matching, without segments. */
function restoredOf({ plan, before }: UndoneExport): Restored {
  const { fields, segments } = (before?.plan ?? plan).request;
  return { fields, segments: before ? segments : [] };
}

/** The request of an undo, with everything that says how a profile of the export before is read. */
export function asBefore(request: PlanRequest, { plan, before }: UndoneExport): PlanRequest {
  const { otherEmails: _, addOnlyIf: __, signup: ___, latestFormat: ____, ...rest } = request;
  const { email, strict, latest, ...matching } = (before?.plan ?? plan).request;
  const { otherEmails, addOnlyIf, signup, latestFormat } = matching;
  return {
    ...rest,
    email,
    strict,
    latest,
    ...(otherEmails && { otherEmails }),
    ...(addOnlyIf !== undefined && { addOnlyIf }),
    ...(signup && { signup }),
    ...(latestFormat && { latestFormat }),
  };
}

/** @throws ExportError UNDO_BLOCKED, UNDO_EXPIRED */
export async function readRestored(
  store: StagingStore,
  ref: ExportRef,
  undo: UndoRequest,
): Promise<Restored> {
  await requireLast(store, ref, undo);
  return restoredOf(await readUndone(store, ref, undo));
}

/** @throws ExportError UNDO_EXPIRED */
export async function readUndone(
  store: StagingStore,
  { destinationId }: ExportRef,
  { exportId }: Pick<UndoRequest, 'exportId'>,
): Promise<UndoneExport> {
  const { plan, ...own } = await readSettled(store, { destinationId, exportId });
  const changes = await store.localFile(inExport({ destinationId, exportId }, plan.folder, CHANGES));
  if (!changes) throw expired();
  const parent = await lastSent(store, destinationId, plan.request.baseline);
  if (parent === null) return { plan, changes, after: own, before: undefined };
  const before = { destinationId, exportId: parent };
  const found = await readSettled(store, before);
  await readSnapshot(store, before).catch(() => {
    throw expired();
  });
  return { plan, changes, after: own, before: { ...found, exportId: parent } };
}

/**
 * The latest export, from this one back, that has sent its plan, or had nothing to send. One that was denied, expired or planned again has read a
 * source that Mailchimp never got.
 * @throws ExportError UNDO_EXPIRED
 */
async function lastSent(
  store: StagingStore,
  destinationId: string,
  exportId: string | null,
): Promise<string | null> {
  if (exportId === null) return null;
  const ref = { destinationId, exportId };
  const plan = await readPlan(store, ref);
  if (!plan) throw expired();
  if (plan.plan.parts.length === 0 || (await mayHaveArrived(store, ref))) return exportId;
  return lastSent(store, destinationId, plan.request.baseline);
}

async function readSettled(
  store: StagingStore,
  ref: ExportRef,
): Promise<Rows & { readonly plan: PlanDocument }> {
  const document = await readBaseline(store, ref);
  const plan = await readPlan(store, ref);
  const rows = document && (await store.localFile(inExport(ref, document.folder, BASELINE_ROWS)));
  if (!document || !plan || !rows) throw expired();
  return { plan, rows, fields: document.fields, hasOrigins: document.hasOrigins === true };
}

/**
 * Every export after the one that is taken back has sent nothing, or was taken back. From the latest back: an undo that was taken back itself
 * takes nothing back.
 */
async function requireLast(
  store: StagingStore,
  { destinationId }: ExportRef,
  { exportId, number, baseline }: UndoRequest,
): Promise<void> {
  const undone = new Set<string>();
  let later = 0;
  for (let current = baseline; current !== exportId; later++) {
    if (current === null) throw expired();
    const ref = { destinationId, exportId: current };
    const document = await readBaseline(store, ref);
    const plan = await readPlan(store, ref);
    if (!document || !plan) throw expired();
    const hasPlan = plan.plan.parts.length > 0;
    const hasEffect = hasPlan && !undone.has(current) && (await mayHaveArrived(store, ref));
    const { undo } = plan.request;
    // Nothing was left that can be taken back.
    if (undo && !hasPlan && document.settlement.outcomes.throttled === 0) undone.add(undo.exportId);
    // One that was cut off is gone on with by another undo of the same export.
    const isTaken = undo && (isComplete(document) || [exportId, ...undone].includes(undo.exportId));
    if (hasEffect && isTaken) undone.add(undo.exportId);
    else if (hasEffect) throw blocked({ number, later, isUndo: undo !== undefined });
    current = document.parent;
  }
}

/** Every change of the undo has an answer. */
function isComplete({ settlement: { outcomes } }: BaselineDocument): boolean {
  return outcomes.unproven + outcomes.not_sent + outcomes.throttled + outcomes.rejected === 0;
}

function blocked({
  number,
  later,
  isUndo,
}: {
  readonly number: number;
  readonly later: number;
  readonly isUndo: boolean;
}): ExportError {
  const which = later === 0 ? 'The latest export' : `The latest export but ${later}`;
  const why = isUndo
    ? 'is an undo that did not take back everything. Take back the same export again first'
    : 'has changed contacts since. Take back that one first';
  return new ExportError(
    'UNDO_BLOCKED',
    `Nothing was sent: export ${number} cannot be taken back. ${which} of the destination ${why}: exports are taken back from the latest. ` +
      'To see them: temporal-mailchimp export list',
    { details: { number, later } },
  );
}

function expired(): ExportError {
  return new ExportError(
    'UNDO_EXPIRED',
    'Nothing was sent: the store has no longer, or never had, all rows of this export, of the one before it and of those after it. They are kept for ' +
      'staging.keepDays (30 by default) and staging.keepExports; an export that sent nothing has none.',
  );
}

/** Seals the profiles of the export before as the snapshot of the undo. */
export async function sealRestored(
  context: Omit<StepContext, 'now'>,
  undo: UndoRequest,
): Promise<SealedExtract> {
  const { store, ref } = context;
  const undone = await readUndone(store, ref, undo);
  if (!undone.before) return sealNoProfiles(context, extractAttributes(undone.plan.request).length);
  const { rows, unmatchedKeys, ...counts } = await readSnapshot(store, {
    ...ref,
    exportId: undone.before.exportId,
  });
  const folder = await openAttempt(store, ref, 'snapshot');
  await copyFile(rows, join(folder, PROFILES), constants.COPYFILE_FICLONE);
  if (unmatchedKeys !== undefined)
    await copyFile(unmatchedKeys, join(folder, UNMATCHED), constants.COPYFILE_FICLONE);
  return sealSnapshot(context, { ...counts, folder });
}

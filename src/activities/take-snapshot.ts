import { Context, log } from '@temporalio/activity';
import type { ExportRef } from '../contract/identifiers';
import type { MatchedExpression, SignupMatch } from '../contract/destination';
import type { FieldMatch } from '../contract/merge-field';
import type { UnreadableLines, SourceExtract } from '../ports/source';
import type { UndoRequest } from '../ports/staging';
import { ExportError } from '../errors';
import { adviseUnreadable, listUnreadable } from '../text/unreadable-lines';
import { extractAttributes, sourceAttributes } from '../staging/plan/attributes';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';
import { inMemoryTurn } from './rules/memory-turn';
import { sourceVersion } from './rules/source-version';

/** What this package is built and measured for; Mailchimp allows more. */
const MAX_PROFILES = 1_000_000;

export interface TakeSnapshotInput {
  readonly ref: ExportRef;
  readonly source: string;
  readonly email: string;
  readonly otherEmails?: readonly string[] | undefined;
  readonly addOnlyIf?: string | undefined;
  readonly signup?: SignupMatch | undefined;
  readonly expressions?: readonly MatchedExpression[] | undefined;
  readonly fields: readonly FieldMatch[];
  readonly latest: string | null;
  readonly segments: readonly string[];
  readonly allowUnreadableLines: boolean;
  /** The destination is removed: no profile is selected, and the source is not read. */
  readonly isRemoval?: true;
  /** An earlier export is taken back: the profiles are those of the export before it, and the source is not read. */
  readonly undo?: UndoRequest;
}

export interface SnapshotSummary {
  readonly profiles: number;
  readonly selected: number;
  readonly members: readonly number[];
  readonly unreadableLines: number;
  /** Of the source as it was read, whole. Undefined: not known. */
  readonly version?: string;
}

/**
 * Copies the profiles of the chosen segments into staging and seals them. A retry after sealing returns the sealed snapshot, so that one
 * export never mixes two states of the source.
 * @throws ExportError SOURCE_NOT_FOUND, SOURCE_UNREADABLE, SOURCE_MALFORMED, SOURCE_EMPTY, TOO_MANY_PROFILES, EXPRESSION_INVALID
 */
export function createTakeSnapshot({ staging, openSource }: ActivityDependencies) {
  return async function takeSnapshot(input: TakeSnapshotInput): Promise<SnapshotSummary> {
    if (input.isRemoval) {
      return countsOf(await staging.sealNoProfiles(input.ref, extractAttributes(input).length));
    }
    const { undo } = input;
    if (undo) return withHeartbeat(async () => countsOf(await staging.sealRestored(input.ref, undo)));
    return withHeartbeat(async (heartbeat) => {
      const source = await openSource(input.source);
      try {
        const folder = await staging.openExtractFolder(input.ref);
        const request = { segments: input.segments, signal: Context.current().cancellationSignal };
        const before = await sourceVersion(source, request);
        const attributes = sourceAttributes(input);
        const extract = await inMemoryTurn(
          input.ref.exportId,
          () => source.extract({ ...request, attributes, into: folder }),
          heartbeat.cancelled,
        )
          // After a cancellation, the error of the source is not the cause.
          .finally(heartbeat.throwIfCancelled);
        if (!input.allowUnreadableLines) refuseUnreadableLines(extract.unreadable);
        refuseSize(extract, input.segments);
        const isSame = before !== undefined && before === (await sourceVersion(source, request));
        heartbeat.throwIfCancelled();
        // Sealed with the rows, since a retry may find another state of the source.
        const finished = { ...extract, folder, matching: input, ...(isSame && { version: before }) };
        const sealed = await staging.sealSnapshot(input.ref, finished, heartbeat.cancelled);
        const { profiles, selected } = sealed;
        log.info('The snapshot is taken', { profiles, selected });
        return {
          profiles: sealed.profiles,
          selected: sealed.selected,
          members: sealed.members,
          unreadableLines: countLines(sealed.unreadable),
          ...(sealed.version !== undefined && { version: sealed.version }),
        };
      } finally {
        await source.close();
      }
    });
  };
}

/** Without unreadable lines: no source was read. */
function countsOf({ profiles, selected, members }: SourceExtract): SnapshotSummary {
  return { profiles, selected, members, unreadableLines: 0 };
}

/** A truncated file looks like departures: exporting it would remove tags. */
function refuseUnreadableLines(unreadable: readonly UnreadableLines[]): void {
  const lines = countLines(unreadable);
  if (lines === 0) return;
  throw new ExportError(
    'SOURCE_MALFORMED',
    `${lines === 1 ? '1 line' : `${lines} lines`} of the source could not be read, so nothing was sent:\n  ${listUnreadable(unreadable)}\n` +
      'Fix the file, or export with --allow-unreadable-lines: the lines are skipped, and no tags are removed.' +
      adviseUnreadable(unreadable),
    { details: { lines } },
  );
}

/** Checked before the export creates anything in Mailchimp. */
function refuseSize({ selected, members }: SourceExtract, segments: readonly string[]): void {
  const list = segments.map((segment, index) => `${segment}: ${members[index] ?? 0}`).join(', ');
  if (selected === 0) {
    throw new ExportError(
      'SOURCE_EMPTY',
      `Nothing was sent: the chosen segments have no profile (${list}). Check the source and the segments.`,
    );
  }
  if (selected <= MAX_PROFILES) return;
  throw new ExportError(
    'TOO_MANY_PROFILES',
    `Nothing was sent: the chosen segments have ${selected} distinct profiles, and an export takes at most ${MAX_PROFILES} (${list}). ` +
      'Choose fewer segments, or use several destinations.',
    { details: { selected, limit: MAX_PROFILES } },
  );
}

function countLines(unreadable: readonly UnreadableLines[]): number {
  return unreadable.reduce((sum, { lines }) => sum + lines, 0);
}

import { z } from 'zod';
import { ExportError } from '../errors';

/** Who may approve what is held: `other`: a person other than the one who asked for it. */
export const ApprovalSettingsSchema = z.strictObject({
  by: z
    .enum(['anyone', 'other'])
    .default('anyone')
    .describe(
      '`other`: an export that is held, each removal and each undo, is approved by a person other than the one who asked for it. The options that let a guard pass then hold it as well.',
    ),
});
type ApprovalSettings = z.output<typeof ApprovalSettingsSchema>;

/** A name of a person, as a request says it, or as the host of a client knows it. */
export const PersonNameSchema = z.string().trim().min(1).max(200);

/** What a held job knows of its request. */
export interface Asked {
  /** Undefined: no person has asked, but a schedule, say. */
  readonly askedBy?: string | undefined;
  readonly approval?: ApprovalSettings | undefined;
}

export function needsSecondPerson({ approval }: Pick<Asked, 'approval'>): boolean {
  return approval?.by === 'other';
}

/**
 * The rule of the second person, for each job that can be held.
 * @param what the job, for a person
 * @throws ExportError SECOND_PERSON_REQUIRED
 */
export function requireSecondPerson(asked: Asked, by: string, what: string): void {
  const { askedBy } = asked;
  if (!needsSecondPerson(asked) || askedBy === undefined || !isSamePerson(askedBy, by)) return;
  throw new ExportError(
    'SECOND_PERSON_REQUIRED',
    `${what} was not approved: ${by} has asked for it, and its destination wants the approval of another person (approval.by: other). It stays held. Let another person approve it, or deny it.`,
  );
}

/** Where a second person is wanted, it must be known who the first one is. @throws ExportError SECOND_PERSON_REQUIRED */
export function requireAsker(asked: Asked): void {
  if (!needsSecondPerson(asked) || asked.askedBy !== undefined) return;
  throw new ExportError(
    'SECOND_PERSON_REQUIRED',
    'Nothing was started: the destination wants the approval of a person other than the one who asks (approval.by: other), so the request must say who asks. Give the name: --as NAME, or `by`.',
  );
}

/** Names that a reader takes for the same one. */
export function isSamePerson(one: string, other: string): boolean {
  return formOf(one) === formOf(other);
}

function formOf(name: string): string {
  return name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase();
}

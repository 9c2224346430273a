import { AUDIENCE_ID } from './setting';

export interface AudienceCounts {
  readonly members: number;
  /** Tag name: number of members with the tag. */
  readonly tags: Readonly<Record<string, number>>;
}

/** A member, read from the sandbox's control endpoints rather than from the exporter. */
export interface AudienceMember {
  readonly email: string;
  readonly status: string;
  readonly merge_fields: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
}

export async function readCounts(url: string): Promise<AudienceCounts> {
  const reply = await fetch(new URL('/_sandbox/state', url));
  const { audiences } = (await reply.json()) as { audiences: (AudienceCounts & { id: string })[] };
  const { members = 0, tags = {} } = audiences.find(({ id }) => id === AUDIENCE_ID) ?? {};
  return { members, tags };
}

/** All members, of every status. */
export async function readMembers(url: string): Promise<AudienceMember[]> {
  const reply = await fetch(new URL(`/_sandbox/audiences/${AUDIENCE_ID}/members`, url));
  return (await reply.text())
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AudienceMember);
}

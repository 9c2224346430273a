import { AUDIENCE_ID } from './setting';

export interface AudienceHolding {
  readonly members: number;
  /** Tag name: members that carry it. */
  readonly tags: Readonly<Record<string, number>>;
}

/** A member as the sandbox tells it over its control path: not what the exporter believes. */
export interface AudienceMember {
  readonly email: string;
  readonly status: string;
  readonly merge_fields: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
}

export async function readHolding(url: string): Promise<AudienceHolding> {
  const reply = await fetch(new URL('/_sandbox/state', url));
  const { audiences } = (await reply.json()) as { audiences: (AudienceHolding & { id: string })[] };
  const { members = 0, tags = {} } = audiences.find(({ id }) => id === AUDIENCE_ID) ?? {};
  return { members, tags };
}

/** Everybody, of every status. */
export async function readMembers(url: string): Promise<AudienceMember[]> {
  const reply = await fetch(new URL(`/_sandbox/audiences/${AUDIENCE_ID}/members`, url));
  return (await reply.text())
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AudienceMember);
}

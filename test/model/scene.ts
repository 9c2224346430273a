import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AudienceSeed, Sandbox } from '../../src/sandbox';
import { audienceOf } from './audience';
import type { Profile, World } from './world';

export const SEGMENTS = ['alpha', 'beta', 'gamma'] as const;
/** Merge tag: attribute. */
export const ATTRIBUTES: Readonly<Record<string, string>> = { FNAME: 'first', AGE: 'age' };

/** Longer than the 255 bytes that a text may have; the cut falls between two code points. */
export const LONG = 'é'.repeat(127);

/** What stands in the source for a value that is to arrive so. */
function textOf(value: string | undefined): string {
  if (value === undefined) return 'unknown';
  return value === LONG ? LONG + LONG : value;
}

export const SOURCE = {
  kind: 'files' as const,
  profiles: { path: 'profiles.csv', key: 'id' },
  segments: Object.fromEntries(
    SEGMENTS.map((id) => [id, { members: { path: 'members.csv', key: 'id', segment: 'segment' } }]),
  ),
};

const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;

export async function writeSource(folder: string, profiles: Iterable<Profile>): Promise<void> {
  await mkdir(folder, { recursive: true });
  const rows = [...profiles];
  const people = rows.map(({ key, text, values }) =>
    [key, text, textOf(values['FNAME']), textOf(values['AGE'])].map(quote).join(','),
  );
  const pairs = rows.flatMap(({ key, segments }) => segments.map((segment) => `${key},${segment}`));
  await writeFile(join(folder, 'profiles.csv'), ['id,email,first,age', ...people, ''].join('\n'));
  await writeFile(join(folder, 'members.csv'), ['id,segment', ...pairs, ''].join('\n'));
}

/** An audience that holds what the world's holds. */
export function audienceSeed(world: World, id: string): AudienceSeed {
  return {
    id,
    name: 'Newsletter',
    mergeFields: [
      { tag: 'FNAME', name: 'First Name', type: 'text', required: world.required.includes('FNAME') },
      { tag: 'AGE', name: 'Age', type: 'number' },
    ],
    members: [...world.members].map(([email_address, { status, fields, tags, isLocked }]) => ({
      email_address,
      status: status as 'subscribed',
      merge_fields: fields,
      tags: [...tags],
      unsubscribed_by: isLocked ? 'contact' : 'api',
    })),
  };
}

export function membersOf(sandbox: Sandbox, audience: string): Record<string, string> {
  return audienceOf(
    [...sandbox.members(audience)].map(({ email, status, mergeFields, tags }) => [
      email,
      {
        status,
        fields: Object.fromEntries(Object.entries(mergeFields).map(([tag, value]) => [tag, String(value)])),
        tags: new Set(tags),
        isLocked: false,
      },
    ]),
  );
}

/** Tags by Mailchimp's id. */
export async function tagNames(
  { url, apiKey }: Sandbox,
  audience: string,
): Promise<ReadonlyMap<number, string>> {
  const authorization = `Bearer ${apiKey}`;
  const reply = await fetch(`${url}/lists/${audience}/segments?count=1000`, { headers: { authorization } });
  const { segments } = (await reply.json()) as { segments: { id: number; name: string }[] };
  return new Map(segments.map(({ id, name }) => [id, name]));
}

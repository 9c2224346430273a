import type { AnyChunk } from './stage';
import type { Profile } from './stage';
import { LOCALS, VIP } from './stage';

/** What Mailchimp holds, as far as these tests care. */
interface Member {
  readonly fields: Readonly<Record<string, string>>;
  readonly tags: ReadonlySet<string>;
}
export type AudienceModel = Map<string, Member>;

const TAGS = [VIP, LOCALS];

/** Applies what a chunk says to those of its rows that `isApplied`. */
export function apply(
  audience: AudienceModel,
  chunk: AnyChunk,
  isApplied: (email: string) => boolean = () => true,
): void {
  if (chunk.kind === 'archive') throw new Error('these tests archive no contact');
  if (chunk.kind === 'untag') {
    const name = TAGS.find(({ tagId }) => tagId === chunk.tagId)?.tag ?? '';
    for (const email of chunk.emails.filter(isApplied)) {
      const member = audience.get(email);
      if (member)
        audience.set(email, { ...member, tags: new Set([...member.tags].filter((tag) => tag !== name)) });
    }
    return;
  }
  for (const { email, fields, tags } of chunk.rows.filter((row) => isApplied(row.email))) {
    const member = audience.get(email) ?? { fields: {}, tags: new Set() };
    const filled = { ...member.fields, ...(JSON.parse(fields) as Record<string, string>) };
    audience.set(email, {
      fields: Object.fromEntries(Object.entries(filled).filter(([, value]) => value !== '')),
      tags: new Set([...member.tags, ...(JSON.parse(tags) as string[])]),
    });
  }
}

/**
 * The expected audience after everything was acknowledged: contacts that left keep their fields, without tags of ours. One that comes
 * back also keeps a field that its profile no longer fills: the baseline has forgotten who filled it.
 */
export function expectedAudience(profiles: readonly Profile[], before: AudienceModel): AudienceModel {
  const expected: AudienceModel = new Map(
    [...before].map(([email, member]) => [email, { ...member, tags: new Set<string>() }]),
  );
  const byKey = profiles.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  for (const profile of byKey.toReversed()) {
    const email = String(profile['email'] ?? '')
      .trim()
      .toLowerCase();
    if (!/^[a-z]+@mail\.test$/.test(email)) continue;
    const same = byKey.filter(
      (other) =>
        String(other['email'] ?? '')
          .trim()
          .toLowerCase() === email,
    );
    const first = String(profile['first'] ?? '');
    const { fields: kept = {}, tags = new Set() } = before.get(email) ?? {};
    const blank = tags.size === 0 ? kept : {};
    expected.set(email, {
      fields: first.trim() === '' ? blank : { FNAME: first },
      tags: new Set(
        TAGS.filter(({ segment }) => same.some(({ segments }) => segments.includes(segment))).map(
          ({ tag }) => tag,
        ),
      ),
    });
  }
  return expected;
}

export function plain(audience: AudienceModel): Record<string, unknown> {
  return Object.fromEntries(
    [...audience]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([email, { fields, tags }]) => [email, { fields, tags: [...tags].toSorted() }]),
  );
}

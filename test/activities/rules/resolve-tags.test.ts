import { describe, expect, test } from '@jest/globals';
import { resolveTags } from '../../../src/activities/rules/resolve-tags';
import type { Configuration } from '../../../src/contract/destination';
import { AUDIENCE, openSandbox } from '../../mailchimp/support';

type Configured = Configuration['segments'][number];

const configured = (change: Partial<Configured> = {}): Configured => ({
  segment: 'vip',
  tag: 'VIP',
  tagId: null,
  knownAs: null,
  ...change,
});

/** An audience with the tag VIP, which one member carries, and the empty tags Gold and North. `ours`: names of the tags that exports created. */
async function openAudience() {
  const { account } = await openSandbox({
    audiences: [
      {
        id: AUDIENCE,
        name: 'Newsletter',
        members: [{ email_address: 'ada@shop.test', status: 'subscribed', tags: ['VIP'] }],
      },
    ],
  });
  const gold = (await account.createTag(AUDIENCE, 'Gold')).id;
  const north = (await account.createTag(AUDIENCE, 'North')).id;
  const vip = (await account.tags(AUDIENCE)).find(({ name }) => name === 'VIP')!.id;
  const resolve = (segments: readonly Configured[], ours: readonly number[] = []) =>
    resolveTags(segments, { account, audienceId: AUDIENCE, own: () => Promise.resolve(ours) });
  return { gold, north, vip, resolve };
}

describe('a tag that is known by its id', () => {
  test('keeps its name, and follows a rename in Mailchimp', async () => {
    const { vip, resolve } = await openAudience();
    const known = { segment: 'vip', tag: 'VIP', tagId: vip };
    expect(await resolve([configured({ tagId: vip, knownAs: 'VIP' })])).toEqual([known]);
    expect(await resolve([configured({ tag: 'Best', tagId: vip, knownAs: 'Best' })])).toEqual([known]);
    expect(await resolve([configured({ tag: 'Best', tagId: vip })])).toEqual([known]);
  });

  test('is renamed where the configuration has another name than was last read', async () => {
    const { vip, resolve } = await openAudience();
    for (const tag of ['Silver', 'vip'])
      expect(await resolve([configured({ tag, tagId: vip, knownAs: 'VIP' })])).toEqual([
        { segment: 'vip', tag, tagId: vip, isRenamed: true },
      ]);
    expect(await resolve([configured({ tagId: vip, knownAs: 'Old' })])).toEqual([
      { segment: 'vip', tag: 'VIP', tagId: vip },
    ]);
  });

  test('is not renamed to a name that another tag has taken since configuring, whatever its case', async () => {
    const { vip, gold, resolve } = await openAudience();
    for (const ours of [[], [gold]])
      await expect(
        resolve([configured({ tag: 'gold', tagId: vip, knownAs: 'VIP' })], ours),
      ).rejects.toMatchObject({
        code: 'TAG_TAKEN',
        message: expect.stringMatching(
          /^Nothing was sent: the segment vip would become the tag "Gold", .*--adopt-tags/,
        ),
      });
  });
});

describe('a tag that has no id, or whose id is no longer in the audience', () => {
  test('is to be created, or created again', async () => {
    const { resolve } = await openAudience();
    expect(await resolve([configured({ tag: 'New' }), configured({ tag: 'Lost', tagId: 999_999 })])).toEqual([
      { segment: 'vip', tag: 'New', tagId: null },
      { segment: 'vip', tag: 'Lost', tagId: null, isRestored: true },
    ]);
  });

  test('is found by its name, whatever its case, while no member carries it', async () => {
    const { gold, resolve } = await openAudience();
    const found = { segment: 'vip', tag: 'Gold', tagId: gold, isFound: true };
    expect(await resolve([configured({ tag: 'GOLD' })])).toEqual([found]);
    expect(await resolve([configured({ tag: 'GOLD', tagId: 999_999 })])).toEqual([
      { ...found, isRestored: true },
    ]);
  });

  test('is found although members carry it where an export of this destination created it', async () => {
    const { vip, resolve } = await openAudience();
    expect(await resolve([configured()], [vip])).toEqual([
      { segment: 'vip', tag: 'VIP', tagId: vip, isFound: true },
    ]);
  });

  test('belongs to another tool where members carry it', async () => {
    const { gold, resolve } = await openAudience();
    await expect(resolve([configured()], [gold])).rejects.toMatchObject({ code: 'TAG_TAKEN' });
  });

  test('is not that of another segment of the destination, though it is empty', async () => {
    const { north, resolve } = await openAudience();
    const own = configured({ segment: 'north', tag: 'North', tagId: north, knownAs: 'North' });
    await expect(resolve([own, configured({ tag: 'North' })], [north])).rejects.toMatchObject({
      code: 'TAG_TAKEN',
      message: expect.stringContaining('the segment vip would become the tag "North"'),
    });
  });
});

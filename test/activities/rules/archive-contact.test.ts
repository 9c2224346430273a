import { describe, expect, test } from '@jest/globals';
import { archiveContact } from '../../../src/activities/rules/archive-contact';
import { AUDIENCE, openSandbox } from '../../mailchimp/support';
import type { FaultRule, MemberSeed } from '../../../src/sandbox';

const ADA = 'ada@shop.test';

async function archiveAda(member: Partial<MemberSeed> | undefined, fault?: FaultRule) {
  const members = member ? [{ email_address: ADA, status: 'subscribed' as const, ...member }] : [];
  const { sandbox, account } = await openSandbox({
    audiences: [{ id: AUDIENCE, name: 'Newsletter', members }],
  });
  if (fault !== undefined) sandbox.fail(fault);
  const found = await archiveContact(account, { audienceId: AUDIENCE, email: ADA });
  const [now] = [...sandbox.members(AUDIENCE)];
  return {
    found,
    status: now?.status,
    deletes: sandbox.requests().filter(({ method }) => method === 'DELETE').length,
  };
}

describe('a contact to archive', () => {
  test.each(['subscribed', 'transactional'] as const)('that is %s is archived', async (status) => {
    expect(await archiveAda({ status })).toEqual({ found: 'archived', status: 'archived', deletes: 1 });
  });

  test.each([
    ['unsubscribed', 'opted_out'],
    ['cleaned', 'opted_out'],
    ['pending', 'pending'],
    ['archived', 'already_archived'],
  ] as const)('that is %s when it is read stays so, and nothing is sent', async (status, found) => {
    expect(await archiveAda({ status })).toEqual({ found, status, deletes: 0 });
  });

  test('that carries a tag stays, also where it carries more than a reply has', async () => {
    const many = Array.from({ length: 51 }, (_, number) => `Tag ${number}`);
    for (const tags of [['Other'], many])
      expect(await archiveAda({ tags })).toEqual({ found: 'foreign_tags', status: 'subscribed', deletes: 0 });
  });

  test('that is not in the audience needs nothing', async () => {
    expect(await archiveAda(undefined)).toEqual({ found: 'not_in_audience', status: undefined, deletes: 0 });
  });

  test('is archived by us where the reply was lost and the repeated request is refused', async () => {
    expect(
      await archiveAda({}, { match: 'DELETE /lists/*/members/*', effect: { type: 'applyThenReset' } }),
    ).toEqual({ found: 'archived', status: 'archived', deletes: 2 });
  });

  test('that bounces between the reading and the request stays so', async () => {
    const bounce = { audience: AUDIENCE, email: ADA, action: 'clean' } as const;
    const fault = { match: 'DELETE /lists/*/members/*', effect: { type: 'act', act: bounce } } as const;
    expect(await archiveAda({}, fault)).toEqual({ found: 'opted_out', status: 'cleaned', deletes: 1 });
  });

  test('that Mailchimp refuses to archive stays', async () => {
    const fault = { match: 'DELETE /lists/*/members/*', effect: { type: 'status', status: 405 } } as const;
    expect(await archiveAda({}, fault)).toEqual({
      found: 'refused_by_mailchimp',
      status: 'subscribed',
      deletes: 1,
    });
  });
});

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { AUDIENCE, CONFIGURE, CONNECT, openStage, person, type Stage } from '../../support/stage';

const CONNECTIONS = 3;
const AUDIENCES = [AUDIENCE, 'c417f00d5f', 'c417f00d60'];
const MERGE_FIELDS = ['FNAME', 'LNAME', 'COUNTRY'].map((tag) => ({ tag, name: tag, type: 'text' as const }));
const PEOPLE = Array.from({ length: 6_000 }, (_, index) => person(index + 1));

let stage: Stage;

beforeEach(async () => {
  stage = await openStage({
    sandbox: {
      replies: 'lean',
      // Long enough that connections meet.
      operationMs: 40,
      audiences: AUDIENCES.map((id) => ({ id, name: id, mergeFields: MERGE_FIELDS })),
    },
  });
  await stage.writeProfiles(PEOPLE);
  await stage.writeMembers(PEOPLE.map(({ id }) => [id, 'vip'] as const));
  const { main } = stage.config.accounts;
  // Two names for one user of Mailchimp: the budget is the user's.
  Object.assign(main!, { connections: CONNECTIONS });
  Object.assign(stage.config.accounts, { second: { ...main } });
});

afterEach(async () => {
  await stage.close();
});

test('three exports at once stay together within the connections of their one user', async () => {
  await stage.withWorker(async () => {
    const destinations = AUDIENCES.map((audienceId, index) => ({
      destinationId: `${stage.destinationId}-${index}`,
      connect: { ...CONNECT, audienceId, account: index === 0 ? 'main' : 'second' },
    }));
    const ends = destinations.map(async ({ destinationId, connect }) => {
      await stage.client.connect(destinationId, connect);
      await stage.client.configure(destinationId, CONFIGURE);
      const handle = await stage.client.start(destinationId, { options: { lane: 'direct' } });
      return handle.result();
    });
    for (const report of await Promise.all(ends))
      expect(report).toMatchObject({ status: 'completed', outcomes: { created: PEOPLE.length } });
    expect(stage.sandbox.maxConcurrent).toBe(CONNECTIONS);
    for (const id of AUDIENCES) expect(stage.sandbox.state(id).members).toBe(PEOPLE.length);
  });
});

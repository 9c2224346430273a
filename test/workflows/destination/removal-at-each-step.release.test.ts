import { expect, test } from '@jest/globals';
import { exportWorkflowId } from '../../../src/contract/identifiers';
import {
  CONFIGURE,
  CONNECT,
  CROWD,
  CROWD_MEMBERS,
  openStage,
  reportOf,
  type Stage,
} from '../../support/stage';
import { until } from '../../support/until';
import { untilAnswered } from '../../support/until-answered';

/** Every step of a removal that archives. */
const STEPS = [
  'preflight',
  'takeCensus',
  'takeSnapshot',
  'planExport',
  'sendCanary',
  'archiveChunks',
  'settleExport',
] as const;
const CASES = STEPS.flatMap((step) => (['terminated', 'cancelled'] as const).map((how) => ({ step, how })));
type Case = (typeof CASES)[number];

const audienceOf = (index: number) => `c417f1${String(index).padStart(4, '0')}`;
const MERGE_FIELDS = ['FNAME', 'LNAME', 'COUNTRY'].map((tag) => ({ tag, name: tag, type: 'text' as const }));
const ARCHIVE = { removedBy: 'Kim', exported: 'archive', contacts: CROWD.length } as const;

/** Interrupts one removal, and repeats it until the destination is removed. @returns what is wrong */
async function interrupt(stage: Stage, { step, how }: Case, index: number): Promise<string[]> {
  const { client, temporal, sandbox } = stage;
  const destinationId = `${stage.destinationId}-${index}`;
  const audienceId = audienceOf(index);
  await untilAnswered(() => client.connect(destinationId, { ...CONNECT, audienceId }));
  await untilAnswered(() => client.configure(destinationId, CONFIGURE));
  await (await untilAnswered(() => client.start(destinationId))).result();

  await untilAnswered(() => client.startRemoval(destinationId, ARCHIVE));
  const running = temporal.workflow.getHandle(exportWorkflowId(destinationId));
  await until(async () => {
    const { events } = await running.fetchHistory();
    const names = events?.map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name);
    return names?.includes(`mailchimp.${step}`);
  });
  // It may have ended since.
  await (how === 'terminated' ? running.terminate('by the test') : running.cancel()).catch(() => undefined);
  for (let tries = 0; tries < 4; tries++) {
    await until(async () => !(await client.describe(destinationId)).running);
    if ((await client.describe(destinationId)).phase === 'removed') break;
    await reportOf(await untilAnswered(() => client.startRemoval(destinationId, ARCHIVE)));
  }
  const { phase } = await client.describe(destinationId);
  const members = [...sandbox.members(audienceId)];
  return [
    ...(phase === 'removed' ? [] : [`the destination is ${phase}`]),
    ...(members.every(({ tags }) => tags.length === 0) ? [] : ['a contact carries a tag of the destination']),
    ...(members.every(({ status }) => status === 'archived') ? [] : ['a contact is not archived']),
  ].map((fault) => `${how} in ${step}: ${fault}`);
}

test('a removal that is interrupted in any of its steps is repeated until every contact is untagged and archived', async () => {
  const audiences = CASES.map((_, index) => ({
    id: audienceOf(index),
    name: audienceOf(index),
    mergeFields: MERGE_FIELDS,
  }));
  const stage = await openStage({ sandbox: { audiences, connectionLimit: 100 } });
  try {
    await stage.writeProfiles(CROWD);
    await stage.writeMembers(CROWD_MEMBERS);
    const wrong: string[] = [];
    await stage.withWorker(async () => {
      const queue = CASES.entries();
      const work = async () => {
        for (const [index, one] of queue)
          wrong.push(
            ...(await interrupt(stage, one, index).catch((error: unknown) => [
              `${one.how} in ${one.step}: ${String(error)}`,
            ])),
          );
      };
      await Promise.all([work(), work(), work()]);
    });
    expect(wrong).toEqual([]);
  } finally {
    await stage.close();
  }
}, 600_000);

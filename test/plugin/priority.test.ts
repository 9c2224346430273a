import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { openStage, person, reportOf, type Stage } from '../support/stage';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles([person(1)]);
  await stage.writeMembers([[person(1).id, 'vip']]);
});

afterEach(() => stage.close());

test('every step has the fairness key of its account; what a person asked for goes before what a schedule did', async () => {
  const seen = new Map<string, string[]>();
  let asked = 'connect';
  const note: ActivityInterceptorsFactory = ({ info }) => ({
    inbound: {
      execute: (input, next) => {
        const { priorityKey, fairnessKey } = info.priority ?? {};
        if (info.activityType !== 'mailchimp.tidyStaging')
          seen.set(asked, [...(seen.get(asked) ?? []), `${priorityKey} ${fairnessKey}`]);
        return next(input);
      },
    },
  });
  await stage.withWorker(
    async () => {
      await stage.connect();
      await stage.configure();
      for (const trigger of ['on demand', 'schedule nightly']) {
        asked = trigger;
        await reportOf(await stage.client.start(stage.destinationId, { trigger }));
      }
    },
    { interceptors: { activity: [note] } },
  );
  const of = (name: string) => [...new Set(seen.get(name))];
  expect(of('connect')).toEqual(['1 ']);
  expect(of('on demand')).toEqual(['2 main']);
  expect(of('schedule nightly')).toEqual(['3 main']);
});

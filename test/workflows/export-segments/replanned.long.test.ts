import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { expect, test } from '@jest/globals';
import type { mailchimpExportSegments } from '../../../src/workflows';
import { heldIn } from '../../support/export-state';
import { callMailchimp, tagIdOf } from '../../support/mailchimp';
import { AUDIENCE, openStage, person } from '../../support/stage';
import { until } from '../../support/until';

test('a host that cancels also cancels the export that has replaced its own', async () => {
  const stage = await openStage();
  const people = Array.from({ length: 40 }, (_, index) => person(index + 1));
  const members = people.slice(0, 8).map(({ id }, index) => [id, index < 4 ? 'vip' : 'north'] as const);
  await stage.writeProfiles(people);
  await stage.writeMembers(members);
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    await stage.export();
    // The segment north became empty: the next export is held.
    await stage.writeMembers(people.map(({ id }) => [id, 'vip']));
    const host = await stage.temporal.workflow.start<typeof mailchimpExportSegments>(
      'mailchimpExportSegments',
      {
        taskQueue: stage.taskQueue,
        workflowId: `host-${randomUUID()}`,
        args: [{ destinationId: stage.destinationId, options: { lane: 'batch' } }],
      },
    );
    const held = await until(() => stage.running().catch(() => undefined));
    const { planId } = await until(async () => heldIn(await held.progress()));
    // A tag that was renamed since makes the plan outdated.
    const tagId = await tagIdOf(stage.sandbox, AUDIENCE, 'North');
    await callMailchimp(stage.sandbox, `PATCH /lists/${AUDIENCE}/segments/${tagId}`, { name: 'Nord' });
    stage.sandbox.fail('stuck batch always');
    await held.approve({ planId, by: 'Kim' });
    const successor = await until(async () => {
      const progress = await stage.progress();
      return progress && progress.ref.exportId !== held.id && progress.batches > 0 && progress.ref;
    });
    await host.cancel();
    const error = await host.result().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect((error as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    expect(await stage.follow(successor.exportId)).toMatchObject({ status: 'cancelled' });
  });
  await stage.close();
});

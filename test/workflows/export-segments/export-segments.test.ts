import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ExportSegmentsInput, mailchimpExportSegments } from '../../../src/workflows';
import { CROWD, CROWD_MEMBERS, openStage, type Stage } from '../../support/stage';
import { until } from '../../support/until';

describe('mailchimpExportSegments', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await openStage();
    await stage.writeProfiles(CROWD);
    await stage.writeMembers(CROWD_MEMBERS);
  });

  afterEach(() => stage.close());

  const start = (input: Partial<ExportSegmentsInput> = {}) =>
    stage.temporal.workflow.start<typeof mailchimpExportSegments>('mailchimpExportSegments', {
      taskQueue: stage.taskQueue,
      workflowId: `host-${randomUUID()}`,
      args: [{ destinationId: stage.destinationId, ...input }],
    });

  const prepare = async () => {
    await stage.connect();
    await stage.configure();
  };

  test('returns the report of the export, which says what requested it; its page says how it ended, with links', async () => {
    await stage.withWorker(async () => {
      await prepare();
      const handle = await start({ trigger: 'nightly job' });
      const report = await handle.result();
      expect(report).toMatchObject({ status: 'completed', number: 1, outcomes: { created: 8 } });
      const { destinationId: id } = stage;
      const [kept] = (await stage.client.describe(id)).exports;
      expect(report).toEqual(kept);
      const { currentDetails } = await handle.query<{ currentDetails: string }>(
        '__temporal_workflow_metadata',
      );
      expect(currentDetails.split('\n')).toEqual([
        '**Completed: every profile has one outcome.**',
        '',
        '| | |',
        '|---|---|',
        `| Export | [export 1](/namespaces/default/workflows/mailchimp%2F${id}%2Fexport) |`,
        `| Destination | [${id}](/namespaces/default/workflows/mailchimp%2F${id}) |`,
      ]);
    });
  });

  test('joins an export that runs already, and leaves it when it is cancelled itself', async () => {
    await stage.withWorker(async () => {
      await prepare();
      stage.sandbox.fail('stuck batch always');
      const options = { lane: 'batch' } as const;
      const first = await start({ options });
      const running = await until(() => stage.running().catch(() => undefined));
      const second = await start({ options });
      await until(async () => {
        const { events } = await second.fetchHistory();
        return events?.some(
          ({ activityTaskCompletedEventAttributes }) => activityTaskCompletedEventAttributes,
        );
      });
      await second.cancel();
      expect(await failureOf(second.result())).toBeInstanceOf(CancelledFailure);
      expect((await stage.running()).id).toBe(running.id);

      // The first has started it, and takes it along.
      await first.cancel();
      expect(await failureOf(first.result())).toBeInstanceOf(CancelledFailure);
      expect(await stage.follow(running.id)).toMatchObject({ status: 'cancelled', number: 1 });
    });
  });

  test('fails with the code of a refusal, and with the report of an export that did not complete', async () => {
    await stage.withWorker(async () => {
      expect(await failureOf((await start({ destinationId: 'unknown' })).result())).toMatchObject({
        type: 'DESTINATION_NOT_FOUND',
        nonRetryable: true,
      });
      await stage.connect();
      expect(await failureOf((await start()).result())).toMatchObject({ type: 'NOT_CONFIGURED' });
      await stage.configure();
      stage.sandbox.fail('stuck batch always');
      const waiting = await start({ options: { lane: 'batch' } });
      const running = await until(() => stage.running().catch(() => undefined));
      await running.cancel();
      const failure = await failureOf(waiting.result());
      expect(failure).toBeInstanceOf(ApplicationFailure);
      expect(failure).toMatchObject({
        type: 'EXPORT_CANCELLED',
        details: [{ status: 'cancelled', number: 1 }],
      });
    });
  });

  test('refuses input that it does not know', async () => {
    await stage.withWorker(async () => {
      const input = { destinationId: stage.destinationId, option: {} } as ExportSegmentsInput;
      expect(await failureOf((await start(input)).result())).toMatchObject({ type: 'INPUT_INVALID' });
    });
  });
});

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  const error = await work.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WorkflowFailedError);
  return (error as WorkflowFailedError).cause;
}

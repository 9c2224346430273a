import { hasMoved } from '../../src/activities/has-moved';
import { WorkerConfigSchema } from '../../src/config/config';
import type { DestinationView } from '../../src/contract/destination-view';
import type { ExportRef } from '../../src/contract/identifiers';
import { openResources, type Resources } from '../../src/plugin/resources';
import { openStage, person, type Stage } from '../support/stage';

/** A stage with two contacts, and what a worker would know of its destination. */
export interface Moving {
  readonly stage: Stage;
  readonly resources: Resources;
  readonly show: () => Promise<DestinationView>;
  /** The export that the baseline is of. */
  readonly ref: () => Promise<ExportRef>;
  readonly writeMembers: (ids: readonly string[]) => Promise<void>;
  readonly isMoved: (change?: Partial<DestinationView>) => Promise<boolean>;
  /** Runs `work` with a worker, and a destination that is connected and configured. */
  readonly withDestination: (work: () => Promise<void>) => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function openMoving(): Promise<Moving> {
  const stage = await openStage();
  const { destinationId } = stage;
  const resources = await openResources(WorkerConfigSchema.parse(stage.config), stage.folder);
  const show = () => stage.client.describe(destinationId);
  const writeMembers = (ids: readonly string[]) => stage.writeMembers(ids.map((id) => [id, 'vip']));
  await stage.writeProfiles([person(1), person(2)]);
  await writeMembers(['000001', '000002']);
  return {
    stage,
    resources,
    show,
    ref: async () => ({ destinationId, exportId: (await show()).baseline?.exportId ?? '' }),
    writeMembers,
    isMoved: async (change = {}) => hasMoved(resources, { ...(await show()), ...change }),
    withDestination: (work) =>
      stage.withWorker(async () => {
        await stage.connect();
        await stage.configure();
        await work();
      }),
    close: async () => {
      await resources.close();
      await stage.close();
    },
  };
}

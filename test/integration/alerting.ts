import { randomBytes, randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { destinationWorkflowId } from '../../src/contract/identifiers';
import { openReceiver, type Received, type Receiver } from '../support/receiver';
import { openStage, person, type Stage, type StageOptions } from '../support/stage';
import { until } from '../support/until';

/** A stage whose worker has receivers of alerts, each with a server of its own. */
export interface Alerting {
  readonly stage: Stage;
  /** Of all alerts, signed. */
  readonly ops: Receiver;
  /** Waits for the alerts that `ops` has got, by type, without repetitions of an id. */
  alerted(count: number): Promise<string[]>;
  /** @returns what reads the steps of the destination's present run, later */
  stepsOfThisRun(): Promise<() => Promise<string[]>>;
  details(): Promise<string>;
  close(): Promise<void>;
}

export async function openAlerting(
  config: Readonly<Record<string, unknown>> = {},
  options: StageOptions = {},
): Promise<Alerting> {
  const stage = await openStage(options);
  const ops = await openReceiver();
  const id = randomUUID().replaceAll('-', '');
  const [url, secret] = [`URL_${id}`, `SECRET_${id}`];
  process.env[url] = ops.url;
  process.env[secret] = `whsec_${randomBytes(32).toString('base64')}`;
  const receiver = {
    kind: 'webhook',
    url: `env:${url}`,
    secret: `env:${secret}`,
    rejectsAbove: 0,
    ...config,
  };
  Object.assign(stage.config, { alerts: { ops: receiver } });
  await writePeople(stage, 3);
  const handle = () => stage.temporal.workflow.getHandle(destinationWorkflowId(stage.destinationId));
  return {
    stage,
    ops,
    alerted: async (count) => {
      await until(async () => typesOf(ops).length >= count);
      for (const { text, headers } of ops.received)
        new Webhook(process.env[secret]!).verify(text, headers as Record<string, string>);
      return typesOf(ops);
    },
    stepsOfThisRun: async () => {
      const { runId } = await handle().describe();
      return async () => {
        const { events } = await stage.temporal.workflow
          .getHandle(destinationWorkflowId(stage.destinationId), runId)
          .fetchHistory();
        return (events ?? []).flatMap(
          ({ activityTaskScheduledEventAttributes: step }) => step?.activityType?.name ?? [],
        );
      };
    },
    details: async () => {
      const metadata = await handle().query<{ currentDetails?: string }>('__temporal_workflow_metadata');
      return metadata.currentDetails ?? '';
    },
    close: async () => {
      await stage.close();
      await ops.close();
      delete process.env[url];
      delete process.env[secret];
    },
  };
}

function typesOf({ received }: Receiver): string[] {
  return [...new Map(received.map((one) => [idOf(one), one.body.type])).values()];
}

export function idOf({ headers }: Received): string {
  return String(headers['webhook-id']);
}

/** Profiles of the segment vip; the last one may have another address. */
export async function writePeople(stage: Stage, people: number, lastEmail?: string): Promise<void> {
  const profiles = Array.from({ length: people }, (_, index) =>
    person(index + 1, index + 1 === people && lastEmail !== undefined ? { email: lastEmail } : {}),
  );
  await stage.writeProfiles(profiles);
  await stage.writeMembers(profiles.map(({ id }) => [id, 'vip'] as const));
}

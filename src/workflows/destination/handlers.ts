import type { UpdateDefinition } from '@temporalio/common';
import { setHandler, workflowInfo } from '@temporalio/workflow';
import type { z } from 'zod';
import {
  CancelExportInputSchema,
  ConfigureInputSchema,
  ConnectInputSchema,
  RemoveInputSchema,
  MoveStoreInputSchema,
  WithdrawConsentInputSchema,
  type Envelope,
  type StartedExport,
} from '../../contract/destination';
import { parseAlertDelivery } from '../../contract/alert';
import { requireRequestSize } from '../../contract/compact';
import type { CompactDestinationView } from '../../contract/destination-view';
import { JobRequestSchema } from '../../contract/job';
import { JOB_WORKFLOWS } from '../../contract/job-kind';
import { parseExportWaits } from '../../contract/export-waits';
import { parse } from '../../contract/parse';
import { ExportError } from '../../errors';
import {
  cancel,
  configure,
  connect,
  enqueue,
  remove,
  requireRemovable,
  requireStartable,
  requireConnected,
  requireConsent,
  withdrawConsent,
} from './requests';
import { moveStore, requireMovable } from './move-store';
import { toDestinationView, withAnswer } from './state';
import { withDelivery } from './alerts';
import type { Destination } from './live-destination';
import { toFailure } from '../failure';
import { requireInTime, requireOwner, toEnvelope, validating } from '../request-validation';
import {
  alertDeliverySignal,
  cancelExportUpdate,
  configureUpdate,
  connectUpdate,
  exportWaitsSignal,
  moveStoreUpdate,
  removeDestinationUpdate,
  startJobUpdate,
  stateQuery,
  withdrawConsentUpdate,
} from '../messages';

/**
 * How one update is answered. `check` runs before the update is accepted, so that a refused one leaves no event in the history, and
 * again under the lock. `again` answers a request that was answered before.
 */
interface Served<Schema extends z.ZodType, Answer> {
  readonly schema: Schema;
  readonly description: string;
  readonly check?: (request: z.output<Schema>) => void;
  readonly run: (
    request: z.output<Schema>,
  ) => Promise<{ readonly answer: () => Answer; readonly started?: StartedExport }>;
  readonly again: (started: StartedExport | null) => Answer;
}

/** Handlers that await must not interleave, and the SDK has no lock. Requests run in the order of their arrival. */
class Mutex {
  private tail: Promise<unknown> = Promise.resolve();

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = this.tail.then(work);
    this.tail = mine.catch(() => undefined);
    return mine;
  }
}

interface Serving {
  readonly destination: Destination;
  readonly lock: Mutex;
}

function answerSignals(destination: Destination): void {
  setHandler(
    exportWaitsSignal,
    (signal) => {
      const waits = parseExportWaits(signal);
      if (waits) destination.tell(waits);
    },
    { description: 'From the export that runs: it waits for a person, or goes on' },
  );
  setHandler(
    alertDeliverySignal,
    (signal) => {
      const delivery = parseAlertDelivery(signal);
      if (delivery) destination.update((state) => withDelivery(state, delivery));
    },
    { description: 'From its alerts: whether they arrive' },
  );
}

export function answerDestinationMessages(destination: Destination): void {
  const lock = new Mutex();
  const served = { destination, lock };
  const view = () => ({
    ...toDestinationView(destination.destinationId, destination.state),
    taskQueue: workflowInfo().taskQueue,
  });
  setHandler(stateQuery, view, { description: 'Consent, connection, matching, segments, exports' });

  answerSignals(destination);

  serve(served, connectUpdate, {
    schema: ConnectInputSchema,
    description: 'Connect to an audience, with consent; again to change what may change',
    check: (request) => requireConsent(destination, request),
    run: async (request) => {
      await connect(destination, request);
      return { answer: view };
    },
    again: view,
  });
  serve(served, configureUpdate, {
    schema: ConfigureInputSchema,
    description: 'Match data and choose segments',
    check: (request) => {
      requireConnected(destination);
      requireRequestSize(request);
    },
    run: async (request) => {
      await configure(destination, request);
      return { answer: view };
    },
    again: view,
  });
  serve(served, startJobUpdate, {
    schema: JobRequestSchema,
    description: `Start a job (kind: ${Object.keys(JOB_WORKFLOWS).join(', ')}); answers at once`,
    check: (request) => {
      requireStartable(destination, request);
      if (request.proposal) requireRequestSize(request.proposal.configure);
    },
    run: async (request) => {
      const started = await enqueue(destination, request);
      return { answer: () => started, started };
    },
    again: (started) => {
      if (started) return started;
      throw new ExportError(
        'EXPORT_NOT_FOUND',
        'The request id belongs to another request. Send it again with a new id.',
      );
    },
  });
  serve(served, cancelExportUpdate, {
    schema: CancelExportInputSchema,
    description: 'Stop an export; what was acknowledged stays and is counted',
    run: async ({ exportId }) => {
      cancel(destination, exportId);
      return { answer: () => null };
    },
    again: () => null,
  });
  serve(served, moveStoreUpdate, {
    schema: MoveStoreInputSchema,
    description: 'Go on with a complete copy of the staging store, between jobs',
    check: (request) => requireMovable(destination, request),
    run: async (request) => {
      moveStore(destination, request);
      return { answer: view };
    },
    again: view,
  });
  answerWithdrawals(served, view);
}

/** Consent is withdrawn: for a time, or with the destination. */
function answerWithdrawals(served: Serving, view: () => CompactDestinationView): void {
  const { destination } = served;
  serve(served, withdrawConsentUpdate, {
    schema: WithdrawConsentInputSchema,
    description: 'Withdraw consent: exports stop and are refused until it is given again',
    check: () => requireConnected(destination),
    run: async (request) => {
      await withdrawConsent(destination, request);
      return { answer: view };
    },
    again: view,
  });
  serve(served, removeDestinationUpdate, {
    schema: RemoveInputSchema,
    description: 'Withdraw consent, stop everything, delete staged rows; members stay in the audience',
    check: () => requireRemovable(destination),
    run: async ({ removedBy }) => {
      await remove(destination, removedBy);
      return { answer: view };
    },
    again: view,
  });
}

function serve<Schema extends z.ZodType, Answer>(
  { destination, lock }: Serving,
  definition: UpdateDefinition<Answer, [z.input<Schema>, Envelope]>,
  { schema, description, check, run, again }: Served<Schema, Answer>,
): void {
  const what = `The request ${definition.name}`;
  const known = (envelope: Envelope) =>
    destination.state.answers.find(({ requestId }) => requestId === envelope.requestId);
  setHandler(
    definition,
    async (request, sent) => {
      try {
        const envelope = toEnvelope(sent);
        // Under the lock, since two copies of one request must not both count as new.
        return await lock.run(async () => {
          const earlier = known(envelope);
          if (earlier) return again(earlier.started);
          const parsed = parse(schema, request, { what });
          // Again, since the requests before this one may have changed what is allowed.
          check?.(parsed);
          const { answer, started } = await run(parsed);
          destination.update((state) => withAnswer(state, envelope.requestId, started ?? null));
          return answer();
        });
      } catch (error) {
        throw toFailure(error);
      }
    },
    {
      description,
      validator: validating((request, envelope) => {
        const inTime = requireInTime(envelope);
        requireOwner(inTime, destination.destinationId, workflowInfo().taskQueue);
        if (known(inTime)) return;
        const parsed = parse(schema, request, { what });
        check?.(parsed);
      }),
    },
  );
}

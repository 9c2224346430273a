import type { UpdateDefinition } from '@temporalio/common';
import { setHandler } from '@temporalio/workflow';
import type { z } from 'zod';
import {
  CancelExportInputSchema,
  ConfigureInputSchema,
  ConnectInputSchema,
  RemoveInputSchema,
  StartExportInputSchema,
  type Envelope,
  type StartedExport,
} from '../../contract/destination';
import { parse } from '../../contract/parse';
import { ExportError } from '../../errors';
import {
  cancel,
  configure,
  connect,
  enqueue,
  remove,
  requireConfigured,
  requireConnected,
  requireConsentText,
} from './requests';
import { toDestinationView, withAnswer } from './state';
import type { Destination } from './live-destination';
import { toFailure } from '../failure';
import { requireInTime, validating } from '../request-validation';
import {
  cancelExportUpdate,
  configureUpdate,
  connectUpdate,
  removeDestinationUpdate,
  startExportUpdate,
  stateQuery,
} from '../messages';

/** How one update is answered. `check` runs before the update is accepted (a refused one leaves no trace in the history), and again under the lock. */
interface Served<Schema extends z.ZodType, Answer> {
  readonly schema: Schema;
  readonly description: string;
  readonly check?: (request: z.output<Schema>) => void;
  readonly run: (
    request: z.output<Schema>,
  ) => Promise<{ readonly answer: () => Answer; readonly started?: StartedExport }>;
  readonly again: (started: StartedExport | null) => Answer;
}

export function answerDestinationMessages(destination: Destination): void {
  const view = () => toDestinationView(destination.destinationId, destination.state);
  setHandler(stateQuery, view, { description: 'Consent, connection, matching, segments, exports' });

  serve(destination, connectUpdate, {
    schema: ConnectInputSchema,
    description: 'Connect to an audience, with consent; again to change what may change',
    check: requireConsentText,
    run: async (request) => {
      await connect(destination, request);
      return { answer: view };
    },
    again: view,
  });
  serve(destination, configureUpdate, {
    schema: ConfigureInputSchema,
    description: 'Match data and choose segments',
    check: () => requireConnected(destination),
    run: async (request) => {
      await configure(destination, request);
      return { answer: view };
    },
    again: view,
  });
  serve(destination, startExportUpdate, {
    schema: StartExportInputSchema,
    description: 'Export now; answers at once',
    check: () => requireConfigured(destination),
    run: async ({ options, trigger }) => {
      const started = await enqueue(destination, { options, trigger });
      return { answer: () => started, started };
    },
    again: (started) => {
      if (started) return started;
      throw new ExportError('EXPORT_NOT_FOUND', 'The request id belongs to another request.');
    },
  });
  serve(destination, cancelExportUpdate, {
    schema: CancelExportInputSchema,
    description: 'Stop an export; what was acknowledged stays and is counted',
    run: async ({ exportId }) => {
      cancel(destination, exportId);
      return { answer: () => null };
    },
    again: () => null,
  });
  serve(destination, removeDestinationUpdate, {
    schema: RemoveInputSchema,
    description: 'Withdraw consent, stop everything, delete staged rows; people stay in the audience',
    check: () => requireConnected(destination),
    run: async ({ removedBy }) => {
      await remove(destination, removedBy);
      return { answer: view };
    },
    again: view,
  });
}

function serve<Schema extends z.ZodType, Answer>(
  destination: Destination,
  definition: UpdateDefinition<Answer, [z.input<Schema>, Envelope]>,
  { schema, description, check, run, again }: Served<Schema, Answer>,
): void {
  const what = `The request ${definition.name}`;
  const known = (envelope: Envelope) =>
    destination.state.answers.find(({ requestId }) => requestId === envelope.requestId);
  setHandler(
    definition,
    async (request, envelope) => {
      try {
        // Under the lock: two copies of one request must not both be taken for new.
        return await destination.lock.run(async () => {
          const earlier = known(envelope);
          if (earlier) return again(earlier.started);
          const parsed = parse(schema, request, { what });
          // Again, since what stood before this request under the lock may have changed what is allowed.
          check?.(parsed);
          const { answer, started } = await run(parsed);
          destination.state = withAnswer(destination.state, envelope.requestId, started ?? null);
          return answer();
        });
      } catch (error) {
        throw toFailure(error);
      }
    },
    {
      description,
      validator: validating((request, envelope) => {
        if (known(requireInTime(envelope))) return;
        const parsed = parse(schema, request, { what });
        check?.(parsed);
      }),
    },
  );
}

import type {
  ActivityInterceptors,
  ActivityInterceptorsFactory,
  WorkerInterceptors,
} from '@temporalio/worker';
import { DESTINATION_ID_PREFIX } from '../contract/identifiers';

const STEP_PREFIX = 'mailchimp.';

/** What every line about a step has as fields: a line of ours, of the SDK, or of an interceptor of the host. */
interface StepFields {
  /** Name of the destination. Absent for a step about several. */
  readonly destination?: string;
  /** Id of the export. Absent for a step about none. */
  readonly export?: string;
  readonly step: string;
}

/** Adds ours to the interceptors of a host. Repeated, it changes nothing. */
export function withLogFields(interceptors: WorkerInterceptors = {}): WorkerInterceptors {
  const { activity = [] } = interceptors;
  return activity.includes(stepFields)
    ? interceptors
    : { ...interceptors, activity: [...activity, stepFields] };
}

/** Adds nothing to what an activity of the host logs. */
const stepFields: ActivityInterceptorsFactory = ({ info }): ActivityInterceptors => {
  const { activityType, workflowExecution } = info;
  if (!activityType.startsWith(STEP_PREFIX)) return {};
  const step = activityType.slice(STEP_PREFIX.length);
  // The line about its start comes before its input is known.
  let fields: StepFields = { ...destinationOf(workflowExecution?.workflowId ?? ''), step };
  return {
    inbound: {
      execute: (input, next) => {
        fields = { ...fields, ...subjectOf(input.args[0]) };
        return next(input);
      },
    },
    outbound: { getLogAttributes: (attributes, next) => next({ ...attributes, ...fields }) },
  };
};

function destinationOf(workflowId: string): Pick<StepFields, 'destination'> {
  const [, destination] = new RegExp(`^${DESTINATION_ID_PREFIX}([^/]+)`).exec(workflowId) ?? [];
  return destination === undefined ? {} : { destination };
}

/** Most inputs have a reference to the export, the others the id of the destination, or neither. */
function subjectOf(input: unknown): Omit<StepFields, 'step'> {
  if (!isRecord(input)) return {};
  const { destinationId, exportId } = isRecord(input['ref']) ? input['ref'] : input;
  return {
    ...(typeof destinationId === 'string' && { destination: destinationId }),
    ...(typeof exportId === 'string' && { export: exportId }),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

import type * as OpenTelemetry from '@opentelemetry/api';
import { VERSION } from '../contract/version';
import { ExportError } from '../errors';

/** One span, around one piece of work. Attributes are ids, counts and closed lists: never an address, a key, or a value of a profile. */
interface TracedWork {
  readonly name: string;
  readonly isRequest?: boolean;
  readonly attributes?: Fields;
}

type Fields = Readonly<Record<string, string | number>>;

/** Runs work in a span, to which it may add what it learns. Its result and its error are those of the work. */
export type Trace = <Result>(
  traced: TracedWork,
  work: (learn: (fields: Fields) => void) => Promise<Result>,
) => Promise<Result>;

/**
 * Traces by `@opentelemetry/api` where the host has it, and only inside a span of the host's that records: that of an activity, by
 * `@temporalio/interceptors-opentelemetry`.
 * @returns undefined where the host does not have it
 */
export function loadTrace(): Trace | undefined {
  const api = loadApi();
  if (!api) return undefined;
  const { context, trace, SpanKind: kinds, SpanStatusCode } = api;
  return async ({ name, isRequest, attributes }, work) => {
    if (!trace.getSpan(context.active())?.isRecording()) return work(() => undefined);
    const kind: OpenTelemetry.SpanKind = isRequest ? kinds.CLIENT : kinds.INTERNAL;
    const span = trace
      .getTracer('temporal-mailchimp', VERSION)
      .startSpan(name, { kind, ...(attributes && { attributes }) });
    const learn = (fields: OpenTelemetry.Attributes) => void span.setAttributes(fields);
    try {
      return await context.with(trace.setSpan(context.active(), span), () => work(learn));
    } catch (error) {
      // Without its message: a span goes to another system than the history.
      span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', typeOf(error));
      throw error;
    } finally {
      span.end();
    }
  };
}

function loadApi(): typeof OpenTelemetry | undefined {
  try {
    return require('@opentelemetry/api');
  } catch {
    return undefined;
  }
}

function typeOf(error: unknown): string {
  if (error instanceof ExportError) return error.code;
  const { code, name } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : (name ?? 'Error');
}

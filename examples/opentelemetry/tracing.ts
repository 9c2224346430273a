// Tracing as a worker and a client both need it: a provider with its context manager and propagator, and Temporal's plugin on top of it.
import { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry';

/**
 * Prints a line of JSON for each span that has ended. In production, it is `new BatchSpanProcessor(exporter)`, with an exporter of
 * OpenTelemetry, such as that of `@opentelemetry/exporter-trace-otlp-http`.
 */
class LineProcessor implements SpanProcessor {
  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    const { name, attributes, parentSpanId: parent } = span;
    const { traceId: trace, spanId: id } = span.spanContext();
    console.log(JSON.stringify({ trace, id, parent, name, attributes }));
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}

/** Call it once, before anything else. The plugin belongs on the client and on the worker. */
export function startTracing(service: string): OpenTelemetryPlugin {
  const resource = new Resource({ 'service.name': service });
  const spanProcessor = new LineProcessor();
  new NodeTracerProvider({ resource, spanProcessors: [spanProcessor] }).register();
  return new OpenTelemetryPlugin({ resource, spanProcessor });
}

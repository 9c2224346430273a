import { AsyncLocalStorage } from '@temporalio/workflow';

/** Calls work as a request would, after its handler has returned. */
export type Caller = <Result>(work: () => Result) => Result;

/**
 * Keeps what runs around the handler of a request: the trace of the request, where the host has interceptors that trace. The main loop starts
 * the export, and its context is that of the first request, which connected the destination: all exports would be of that one trace.
 */
export function thisCaller(): Caller {
  return (AsyncLocalStorage as unknown as { snapshot(): Caller }).snapshot();
}

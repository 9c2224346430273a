import type { ApiCall, Query, Reply } from './api/call';
import type { Router } from './api/router';
import type { RunOperation } from './batches/batch-runner';
import type { Recorder } from './record';
import type { World } from './world';
import { problemReply } from './api/router';
import { internalError } from './problem';
import { applyFault } from './http/apply-fault';

/** Runs the operations of batches through the router that also answers HTTP requests. */
export function operationRunner(world: World, router: Router, recorder: Recorder): RunOperation {
  return async (account, operation) => {
    const { method, body } = operation;
    const { path, query } = locate(operation.path, operation.params);
    const call: ApiCall = { account, method, path, query, body, via: 'batch', instance: '' };
    const effect = world.faults.takeForRequest(call);
    const ending = await applyFault({ world, effect, instance: '', apply: () => router.run(call) });
    // A client sees a connection that breaks inside Mailchimp only as a failed operation.
    const reply: Reply =
      ending.type === 'reply' ? ending.reply : failed(ending.type === 'page' ? ending.status : 500);
    const route = router.route(path) ?? '(no route)';
    world.counters.add({ method, route, via: 'batch', status: reply.status });
    recorder.add({ ...call, at: new Date(world.now()).toISOString(), status: reply.status });
    return reply;
  };
}

const failed = (status: number): Reply => problemReply({ ...internalError, status }, '', undefined);

function locate(target: string, params: Query): { readonly path: string; readonly query: Query } {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const own = mark < 0 ? {} : Object.fromEntries(new URLSearchParams(target.slice(mark + 1)));
  return { path: path.startsWith('/') ? path : `/${path}`, query: { ...own, ...params } };
}

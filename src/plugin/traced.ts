import type { RequestObserver } from '../mailchimp';
import type { OpenSource } from '../ports/source';
import type { Staging } from '../ports/staging';
import type { Trace } from './trace';

// What takes the time of a step has a span of its own: reading the source, planning, settling, and each request.

export function tracedStaging(staging: Staging, trace: Trace): Staging {
  return {
    ...staging,
    sealSnapshot: (...args) =>
      trace({ name: 'mailchimp.snapshot.seal' }, () => staging.sealSnapshot(...args)),
    plan: (...args) =>
      trace({ name: 'mailchimp.plan' }, async (learn) => {
        const plan = await staging.plan(...args);
        learn({ 'mailchimp.parts': plan.parts.length });
        return plan;
      }),
    settle: (...args) => trace({ name: 'mailchimp.settle' }, () => staging.settle(...args)),
    settleEarlier: (...args) =>
      trace({ name: 'mailchimp.settle.earlier' }, () => staging.settleEarlier(...args)),
  };
}

/** @param name of the source in the configuration */
export function tracedSource(source: OpenSource, name: string, trace: Trace): OpenSource {
  return {
    describe: (call) => source.describe(call),
    check: (call) => source.check(call),
    findProblems: (call) => source.findProblems(call),
    version: async (request) => source.version?.(request),
    extract: (request) =>
      trace({ name: 'mailchimp.snapshot.read', attributes: { 'mailchimp.source': name } }, async (learn) => {
        const extract = await source.extract(request);
        learn({ 'mailchimp.profiles': extract.profiles, 'mailchimp.selected': extract.selected });
        return extract;
      }),
    close: () => source.close(),
  };
}

/** The route, with names for its parameters, in place of the URL: this one has ids of people, and its query addresses. */
export function tracedRequests(observer: RequestObserver, account: string, trace: Trace): RequestObserver {
  return {
    ...observer,
    around: ({ method, route }, exchange) =>
      trace(
        {
          name: `${method} ${route}`,
          isRequest: true,
          attributes: {
            'http.request.method': method,
            'url.template': route,
            'mailchimp.account': account,
          },
        },
        async (learn) => {
          const reply = await exchange();
          learn({ 'http.response.status_code': reply.status });
          return reply;
        },
      ),
  };
}

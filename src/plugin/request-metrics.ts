import { Runtime } from '@temporalio/worker';
import type { RequestObserver } from '../mailchimp';

/** Records the requests of an account with the meter of the process's runtime: nothing where it exports no metrics. */
export function requestMetrics(account: string): RequestObserver {
  let metrics: ReturnType<typeof createMetrics> | undefined;
  // At the first request: the runtime is installed by then.
  const used = () => (metrics ??= createMetrics());
  return {
    ended: ({ method, route, status, seconds }) => {
      used().requests.add(1, { account, method, route, status: String(status) });
      used().seconds.record(seconds, { account, route });
    },
    waited: (seconds) => used().waits.record(seconds, { account }),
  };
}

function createMetrics() {
  const { metricMeter } = Runtime.instance();
  return {
    requests: metricMeter.createCounter(
      'mailchimp_requests_total',
      'requests',
      'Requests to Mailchimp, by status of the reply',
    ),
    seconds: metricMeter.createHistogram(
      'mailchimp_request_seconds',
      'float',
      's',
      'How long requests to Mailchimp took',
    ),
    waits: metricMeter.createHistogram(
      'mailchimp_connection_wait_seconds',
      'float',
      's',
      'How long requests waited for one of the connections',
    ),
  };
}

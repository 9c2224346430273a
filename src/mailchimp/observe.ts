import type { HttpReply, HttpRequest, MailchimpTransport } from '../ports/transport';
import type { ConnectionLimiter, Slot } from './limiter';

/** Sees every request of an account, for metrics and traces. */
export interface RequestObserver {
  /** Sends a request by `exchange`, once, and ends as that does. @default nothing around it */
  readonly around?: (
    request: Pick<HttpRequest, 'method' | 'route'>,
    exchange: () => Promise<HttpReply>,
  ) => Promise<HttpReply>;
  /** A request has ended. What this throws is ignored, as for `waited`. `status`: of the reply; `none` where there was none. */
  readonly ended: (request: {
    readonly method: string;
    /** With names for parameters: `/lists/{list_id}`. */
    readonly route: string;
    readonly status: number | 'none';
    readonly seconds: number;
  }) => void;
  /** A request has waited so long for one of the connections. */
  readonly waited: (seconds: number) => void;
}

export function observedTransport(
  transport: MailchimpTransport,
  observer: RequestObserver,
): MailchimpTransport {
  return {
    exchange: async (request) => {
      const { method, route } = request;
      const startedAt = performance.now();
      const end = (status: number | 'none') =>
        quietly(() =>
          observer.ended({ method, route, status, seconds: (performance.now() - startedAt) / 1000 }),
        );
      try {
        const send = () => transport.exchange(request);
        const reply = await (observer.around ? observer.around({ method, route }, send) : send());
        end(reply.status);
        return reply;
      } catch (error) {
        end('none');
        throw error;
      }
    },
  };
}

export async function observedSlot(
  acquire: () => ReturnType<ConnectionLimiter['acquire']>,
  observer: RequestObserver | undefined,
): Promise<Slot> {
  const startedAt = performance.now();
  const slot = await acquire();
  if (observer) quietly(() => observer.waited((performance.now() - startedAt) / 1000));
  return slot;
}

/** A metric that cannot be recorded fails no request. */
function quietly(observe: () => void): void {
  try {
    observe();
  } catch {
    // Nothing depends on it.
  }
}

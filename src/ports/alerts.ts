import type { Addressee, Alert, Notice } from '../contract/alert';

/** Where an alert is sent from: for links, and for how long it may take. */
interface SendCall {
  /** The Temporal namespace, for the link. */
  readonly namespace: string;
  readonly signal?: AbortSignal | undefined;
}

/** What a receiver has answered. */
export interface AlertReply {
  readonly status: number;
  /** The beginning of its text. It may quote anything: for the person who has asked for a test only. */
  readonly text: string;
}

/** The receivers of the worker's configuration. */
export interface Alerts {
  /** The receivers that want an alert of a notice. */
  readonly find: (notice: Notice) => readonly Addressee[];
  /**
   * Whether the URL and the secret of a receiver can be read, and have their forms. Sends nothing.
   * @throws ExportError RECEIVER_NOT_FOUND, SECRET_UNAVAILABLE, ALERT_REFUSED
   */
  readonly check: (receiver: string) => Promise<void>;
  /**
   * Sends an alert to one receiver, once; no redirect is followed. It resolves the URL and the secret at each call.
   * @throws ExportError RECEIVER_NOT_FOUND, SECRET_UNAVAILABLE; ALERT_REFUSED for an address or a key that cannot be used, or when the receiver has
   * refused it; ALERT_NOT_DELIVERED for what may pass, with `retryAfterSeconds` in its details where the receiver has said so
   */
  readonly send: (receiver: string, alert: Alert, call: SendCall) => Promise<AlertReply>;
}

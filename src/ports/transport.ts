/**
 * Carries one HTTP request to Mailchimp and its reply back: no slots, no repetitions, no accounting, no meaning of a status, which all
 * sit above it. `mailchimpTransportContract` of `temporal-mailchimp/testing` tests the rules below against the sandbox.
 *
 * - Any reply, of any status, is a reply. A redirect is one too and is not followed: a redirected POST would be repeated as a GET.
 * - A request is sent once. What the transport does not know to be unsent may have been applied.
 * - Without a whole reply it rejects with an error whose `code` is Node's (`ECONNREFUSED`, `ECONNRESET`, `ECONNABORTED` after its time
 *   limit). The error contains neither the key nor a body: it may be logged.
 */
export interface MailchimpTransport {
  /** Sends one request and returns its reply. */
  exchange(request: HttpRequest): Promise<HttpReply>;
}

/** What a transport is opened for. */
export interface TransportTarget {
  /** The API key, or the token of a sign-in. */
  readonly apiKey: string;
  /** How it is presented: `bearer` is for tokens. @defaultValue basic */
  readonly scheme?: 'basic' | 'bearer';
  /** With the version, e.g. `https://us21.api.mailchimp.com/3.0`. */
  readonly baseUrl: string;
  /** Milliseconds for a whole exchange. */
  readonly timeoutMs: number;
}

/** One request, below the base URL of its transport. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the base URL, e.g. `/lists/{list_id}/members`; each `{name}` is replaced by the encoded parameter. */
  readonly route: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly query: Readonly<Record<string, string | number | boolean>>;
  /** JSON text. */
  readonly body: string | null;
  /** On a connection of its own: a kept one may be closed by Mailchimp in the moment of sending, and whether it was applied is unknown. */
  readonly isFresh: boolean;
}

/** A whole reply, of any status. */
export interface HttpReply {
  readonly status: number;
  /** Unpacked, not parsed; empty where there is none. */
  readonly body: Uint8Array;
}

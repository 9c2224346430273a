/**
 * Types of the one class of Mailchimp's client that is used, after its source code. The package ships no types, and those of
 * DefinitelyTyped describe neither this class nor the actual replies.
 */
declare module '@mailchimp/mailchimp_marketing/src/ApiClient' {
  import type { Agent, ClientRequest, IncomingMessage } from 'node:http';

  /** The used part of superagent's request. */
  interface SdkRequest {
    redirects(count: number): SdkRequest;
    buffer(isBuffered: boolean): SdkRequest;
    agent(agent: Agent): SdkRequest;
    /** Before the request is sent, and before superagent listens for its response. */
    on(event: 'request', listener: (sent: { readonly req: ClientRequest }) => void): SdkRequest;
    parse(parser: ApiClient.Parser): SdkRequest;
  }

  type SdkCall = [
    route: string,
    method: string,
    pathParams: Readonly<Record<string, string | number>>,
    queryParams: Readonly<Record<string, string | number | boolean>>,
    headerParams: Readonly<Record<string, string>>,
    formParams: Readonly<Record<string, string>>,
    body: string | null,
    authNames: readonly string[],
    contentTypes: readonly string[],
    accepts: readonly string[],
    returnType: ObjectConstructor,
  ];

  class ApiClient {
    basePath: string;
    /** Milliseconds for a whole request. */
    timeout: number;
    enableCookies: boolean;
    agent: { attachCookies(request: SdkRequest): void; saveCookies(response: unknown): void };
    setConfig(config: { apiKey: string } | { accessToken: string }): void;
    /** Rejects with superagent's error, which contains the key and the body: it must not leave this folder. */
    callApi(
      ...request: SdkCall
    ): Promise<{ readonly response: { readonly status: number; readonly body: unknown } }>;
  }
  namespace ApiClient {
    type Request = SdkRequest;
    /** Reads a reply and calls back once with its body. */
    type Parser = (reply: IncomingMessage, done: (error: Error | null, body?: unknown) => void) => void;
  }
  export = ApiClient;
}

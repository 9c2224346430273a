declare module 'mailchimp-api-v3' {
  interface Operation {
    readonly method: string;
    readonly path: string;
    readonly body: object;
  }

  /** The part that the bench uses. */
  class Mailchimp {
    /** Base URL of requests: the package has no option for it. */
    __base_url: string;
    constructor(apiKey: string);
    /** Submits one batch and waits for it; `unpack: false` does not read its results. */
    batch(
      operations: readonly Operation[],
      options: { readonly verbose: boolean; readonly unpack: false },
    ): Promise<{ readonly errored_operations: number }>;
  }
  export = Mailchimp;
}

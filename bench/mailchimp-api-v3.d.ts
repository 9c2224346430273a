declare module 'mailchimp-api-v3' {
  interface Operation {
    readonly method: string;
    readonly path: string;
    readonly body: object;
  }

  /** What we use of it. */
  class Mailchimp {
    /** Where requests go: it has no option for it. */
    __base_url: string;
    constructor(apiKey: string);
    /** Submits one batch and waits for it; `unpack: false` leaves its results unread. */
    batch(
      operations: readonly Operation[],
      options: { readonly verbose: boolean; readonly unpack: false },
    ): Promise<{ readonly errored_operations: number }>;
  }
  export = Mailchimp;
}

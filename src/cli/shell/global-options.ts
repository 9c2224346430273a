/** Options that every command takes. */
export interface GlobalOptions {
  readonly config?: string;
  readonly profile?: string;
  readonly address?: string;
  readonly namespace?: string;
  readonly taskQueue?: string;
  readonly json?: boolean;
}

/**
 * Finds the text of a secret by its reference. `secretResolverContract` of `temporal-mailchimp/testing` tests the rules below.
 *
 * Called at each attempt of a step, so that a replaced key works without a restart; what it keeps in memory must not outlive the
 * secret. Several calls may run at once. References are in messages and in Temporal's history; texts never are.
 */
export interface SecretResolver {
  /**
   * The text, without blank space around it.
   *
   * @throws ExportError SECRET_UNAVAILABLE for a secret that is empty or does not exist: an operator has to set it. The message names the reference.
   * Any other error counts as transient, and the step is retried.
   */
  resolve(reference: string): Promise<string>;
}

/**
 * Finds the text of a secret by its reference. `secretResolverContract` of `temporal-mailchimp/testing` tests the rules below.
 *
 * It is asked at each attempt of a step, so that a replaced key works without a restart; what it keeps in memory must not outlive the
 * secret. It may be asked several times at once. References stand in messages and in Temporal's history; texts never do.
 */
export interface SecretResolver {
  /**
   * The text, without blank space around it.
   *
   * @throws ExportError SECRET_UNAVAILABLE for a secret that is empty or not there: a person has to set it. The message names the reference.
   * Any other error is taken to pass, and the step is repeated.
   */
  resolve(reference: string): Promise<string>;
}

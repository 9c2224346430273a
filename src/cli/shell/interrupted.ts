/** Somebody pressed Ctrl-C. The message says what goes on without them. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** The name by which TextDecoder knows an encoding; undefined where it does not. */
export function encodingOf(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

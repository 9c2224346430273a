const PLAIN = /^[A-Za-z][\w./-]*(?: [\w./-]+)*$|^env:\w+$/;
const RESERVED = /^(?:true|false|yes|no|on|off|null|y|n)$/i;

/** A text in YAML: JSON's texts are also YAML's. */
export function scalar(text: string): string {
  return PLAIN.test(text) && !RESERVED.test(text) ? text : JSON.stringify(text);
}

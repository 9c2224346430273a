/** Mailchimp tells tags of an audience apart without case; so do people, who see no difference between two ways to write an accent. */
export function isSameTag(name: string, other: string): boolean {
  return tagKey(name) === tagKey(other);
}

export function tagKey(name: string): string {
  return name.trim().normalize('NFC').toLowerCase();
}

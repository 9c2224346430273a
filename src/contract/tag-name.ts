/**
 * Two names of one tag have the same key. Mailchimp ignores case: an audience cannot have both "VIP" and "vip". Surrounding blanks and the
 * two encodings of an accented letter are folded as well, because they look the same to a reader.
 */
export function tagKey(name: string): string {
  return name.trim().normalize('NFC').toLowerCase();
}

export function isSameTag(name: string, other: string): boolean {
  return tagKey(name) === tagKey(other);
}

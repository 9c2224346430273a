import type { Member, MemberStatus } from './member';
import type { MergeField } from './merge-field';
import type { Segment } from './segment';
import type { TagSet } from './tag-sets';
import { md5, subscriberHash } from './hash';
import { noHolders } from './segment';
import { TagSets } from './tag-sets';

export interface AudienceProfile {
  readonly id: string;
  readonly name: string;
  readonly webId: number;
  readonly doubleOptin: boolean;
  readonly emailTypeOption: boolean;
  readonly marketingPermissions: boolean;
  readonly createdAt: number;
}

export type NewMember = Omit<Member, 'webId'>;

const MD5 = /^[0-9a-f]{32}$/;

/** One audience: its members, tags and merge fields, with counts that are updated on every change. */
export class Audience {
  readonly profile: AudienceProfile;
  readonly tagSets = new TagSets();
  readonly mergeFields: MergeField[] = [];
  readonly segments = new Map<number, Segment>();
  readonly byStatus = noHolders();
  /** Permanently deleted addresses, by hash: they cannot be imported again. */
  readonly forgotten = new Set<string>();
  /** Addresses that signed up too often recently, by hash, with the unix second in which the limit ends. */
  readonly throttled = new Map<string, number>();
  /** Incremented when a member is added, removed or gets another status: cached page lists are then stale. */
  version = 0;
  readonly #members = new Map<string, Member>();
  readonly #order: (Member | undefined)[] = [];
  readonly #tagByName = new Map<string, Segment>();
  #nextSegmentId: number;
  readonly #contactSuffix: string;
  #nextMergeSlot = 0;

  constructor(profile: AudienceProfile) {
    this.profile = profile;
    this.#contactSuffix = md5(profile.id).slice(8);
    this.#nextSegmentId = 1000 + (profile.webId % 1000) * 100_000;
  }

  get size(): number {
    return this.#members.size;
  }

  /** In the order in which they joined. */
  *members(): Generator<Member> {
    for (const member of this.#order) if (member) yield member;
  }

  byKey(key: string): Member | undefined {
    return this.#members.get(key);
  }

  byAddress(address: string): Member | undefined {
    return this.#members.get(subscriberHash(address));
  }

  /** By subscriber hash, address or contact id: paths accept all three. */
  find(reference: string): Member | undefined {
    if (reference.includes('@')) return this.byAddress(reference);
    const member = this.#members.get(reference);
    if (member || !MD5.test(reference)) return member;
    const byContact = this.#order[Number.parseInt(reference.slice(0, 8), 16)];
    return byContact && this.contactId(byContact) === reference ? byContact : undefined;
  }

  /** Unlike the hash, it does not change with the address. Starts with the position in the list, by which it is looked up. */
  contactId(member: Member): string {
    return (member.webId - this.profile.webId).toString(16).padStart(8, '0') + this.#contactSuffix;
  }

  add(fresh: NewMember): Member {
    // Property by property: a spread takes ten times as long, which matters for a million new members.
    const member: Member = {
      key: fresh.key,
      email: fresh.email,
      webId: this.profile.webId + this.#order.length,
      status: fresh.status,
      locked: fresh.locked,
      plainText: fresh.plainText,
      values: fresh.values,
      tags: fresh.tags,
      lastChanged: fresh.lastChanged,
      addedAt: fresh.addedAt,
      extra: fresh.extra,
    };
    this.#members.set(member.key, member);
    this.#order.push(member);
    this.#count(member, 1);
    this.version++;
    return member;
  }

  setStatus(member: Member, status: MemberStatus): void {
    if (member.status === status) return;
    this.#count(member, -1);
    member.status = status;
    this.#count(member, 1);
    this.version++;
  }

  setTags(member: Member, tags: TagSet): void {
    if (member.tags === tags) return;
    this.#countTags(member, -1);
    member.tags = tags;
    this.#countTags(member, 1);
  }

  rename(member: Member, email: string): void {
    this.#members.delete(member.key);
    member.email = email;
    member.key = subscriberHash(email);
    this.#members.set(member.key, member);
    this.version++;
  }

  /** Deletes the member permanently: the address cannot be imported again. */
  forget(member: Member): void {
    this.#count(member, -1);
    this.#members.delete(member.key);
    this.#order[member.webId - this.profile.webId] = undefined;
    this.forgotten.add(member.key);
    this.version++;
  }

  tag(name: string): Segment | undefined {
    return this.#tagByName.get(name.trim().toLowerCase());
  }

  tagOrNew(name: string, at: number): Segment {
    return this.tag(name) ?? this.addSegment({ name: name.trim(), type: 'static', options: undefined, at });
  }

  addSegment(fresh: {
    readonly name: string;
    readonly type: Segment['type'];
    readonly options: unknown;
    readonly at: number;
  }): Segment {
    const { name, type, options, at } = fresh;
    const id = this.#nextSegmentId++;
    const segment: Segment = { id, name, type, options, createdAt: at, updatedAt: at, holders: noHolders() };
    this.segments.set(id, segment);
    if (type === 'static') this.#tagByName.set(name.toLowerCase(), segment);
    return segment;
  }

  renameSegment(segment: Segment, name: string): void {
    if (segment.type === 'static') {
      this.#tagByName.delete(segment.name.toLowerCase());
      this.#tagByName.set(name.toLowerCase(), segment);
    }
    segment.name = name;
  }

  removeSegment(segment: Segment): void {
    for (const member of this.members()) this.setTags(member, this.tagSets.without(member.tags, segment.id));
    this.segments.delete(segment.id);
    if (segment.type === 'static') this.#tagByName.delete(segment.name.toLowerCase());
  }

  addMergeField(fresh: Omit<MergeField, 'slot' | 'mergeId'>): MergeField {
    const slot = this.#nextMergeSlot++;
    const field: MergeField = { ...fresh, slot, mergeId: slot + 1 };
    this.mergeFields.push(field);
    return field;
  }

  replaceMergeField(field: MergeField, next: MergeField | undefined): void {
    const index = this.mergeFields.indexOf(field);
    this.mergeFields.splice(index, 1, ...(next ? [next] : []));
  }

  #count(member: Member, by: 1 | -1): void {
    this.byStatus[member.status] += by;
    this.#countTags(member, by);
  }

  #countTags(member: Member, by: 1 | -1): void {
    for (const id of member.tags.ids) this.segments.get(id)!.holders[member.status] += by;
  }
}

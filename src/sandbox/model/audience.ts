import type { Member, MemberStatus } from './member';
import type { InterestCategory } from './interest';
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

/** An audience without its members. */
export interface AudienceState {
  readonly profile: AudienceProfile;
  readonly mergeFields: readonly MergeField[];
  /** Missing in files of version 0.4.0. */
  readonly interestCategories?: readonly InterestCategory[] | undefined;
  readonly segments: readonly Omit<Segment, 'holders'>[];
  readonly forgotten: readonly string[];
  readonly throttled: readonly (readonly [string, number])[];
  /** Positions that were given to members, also to those that are gone. */
  readonly positions: number;
  readonly nextSegmentId: number;
  readonly nextMergeSlot: number;
}

/** Hears of each change before the code that makes it has returned, so the change may not be complete yet. */
export interface AudienceListener {
  readonly onMember: (audience: Audience, position: number) => void;
  /** Everything else. */
  readonly onAudience: (audience: Audience) => void;
}

const MD5 = /^[0-9a-f]{32}$/;

/** One audience: its members, tags and merge fields, with counts that are updated on every change. */
export class Audience {
  readonly profile: AudienceProfile;
  readonly tagSets = new TagSets();
  readonly mergeFields: MergeField[] = [];
  readonly interestCategories: InterestCategory[] = [];
  readonly segments = new Map<number, Segment>();
  readonly byStatus = noHolders();
  /** Permanently deleted addresses, by hash: they cannot be imported again. */
  readonly forgotten = new Set<string>();
  /** Addresses that signed up too often recently, by hash, with the unix second in which the limit ends. */
  readonly throttled = new Map<string, number>();
  /** Incremented when a member is added, removed or gets another status: cached page lists are then stale. */
  version = 0;
  listener: AudienceListener | undefined;
  readonly #members = new Map<string, Member>();
  readonly #order: (Member | undefined)[] = [];
  readonly #tagByName = new Map<string, Segment>();
  #nextSegmentId: number;
  readonly #contactSuffix: string;
  #nextMergeSlot = 0;
  /** Ids of all interests: those of most audiences are none. */
  #interestIds: readonly string[] = [];
  /** Sorted once: replies have it for each member. */
  #fieldsByTag: readonly MergeField[] | undefined;

  constructor(profile: AudienceProfile) {
    this.profile = profile;
    this.#contactSuffix = md5(profile.id).slice(8);
    this.#nextSegmentId = 1000 + (profile.webId % 1000) * 100_000;
  }

  /** As replies have them. */
  get fieldsByTag(): readonly MergeField[] {
    this.#fieldsByTag ??= this.mergeFields.toSorted((one, other) => (one.tag < other.tag ? -1 : 1));
    return this.#fieldsByTag;
  }

  get interestIds(): readonly string[] {
    return this.#interestIds;
  }

  get size(): number {
    return this.#members.size;
  }

  get state(): AudienceState {
    return {
      profile: this.profile,
      mergeFields: this.mergeFields,
      interestCategories: this.interestCategories,
      segments: Array.from(this.segments.values(), ({ id, name, type, options, createdAt, updatedAt }) => ({
        id,
        name,
        type,
        options,
        createdAt,
        updatedAt,
      })),
      forgotten: [...this.forgotten],
      throttled: [...this.throttled],
      positions: this.#order.length,
      nextSegmentId: this.#nextSegmentId,
      nextMergeSlot: this.#nextMergeSlot,
    };
  }

  /** An audience as it was, still without its members. */
  static restore(state: AudienceState): Audience {
    const audience = new Audience(state.profile);
    audience.mergeFields.push(...state.mergeFields);
    audience.#keepCategories(state.interestCategories ?? []);
    for (const segment of state.segments) audience.#keepSegment({ ...segment, holders: noHolders() });
    for (const key of state.forgotten) audience.forgotten.add(key);
    for (const [key, until] of state.throttled) audience.throttled.set(key, until);
    audience.#order.length = state.positions;
    audience.#nextSegmentId = state.nextSegmentId;
    audience.#nextMergeSlot = state.nextMergeSlot;
    return audience;
  }

  /** Tells the listener of a change that is made directly to a member; without one, to the audience itself. */
  changed(member?: Member): void {
    if (member) this.listener?.onMember(this, member.webId - this.profile.webId);
    else this.listener?.onAudience(this);
  }

  /** Undefined: it was deleted permanently. */
  at(position: number): Member | undefined {
    return this.#order[position];
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

  /** @param position where it was before; default: the end */
  add(fresh: NewMember, position = this.#order.length): Member {
    // Property by property: a spread takes ten times as long, which matters for a million new members.
    const member: Member = {
      key: fresh.key,
      email: fresh.email,
      webId: this.profile.webId + position,
      status: fresh.status,
      locked: fresh.locked,
      plainText: fresh.plainText,
      values: fresh.values,
      tags: fresh.tags,
      lastChanged: fresh.lastChanged,
      addedAt: fresh.addedAt,
      optedInAt: fresh.optedInAt,
      extra: fresh.extra,
    };
    this.#members.set(member.key, member);
    this.#order[position] = member;
    this.#count(member, 1);
    this.version++;
    this.changed(member);
    return member;
  }

  /** @param at unix seconds: a member that becomes subscribed has opted in then */
  setStatus(member: Member, status: MemberStatus, at: number): void {
    if (member.status === status) return;
    this.#count(member, -1);
    member.status = status;
    if (status === 'subscribed') {
      member.optedInAt = at;
      if (member.extra?.timestampOpt) member.extra = { ...member.extra, timestampOpt: '' };
    }
    this.#count(member, 1);
    this.version++;
    this.changed(member);
  }

  setTags(member: Member, tags: TagSet): void {
    if (member.tags === tags) return;
    this.#countTags(member, -1);
    member.tags = tags;
    this.#countTags(member, 1);
    this.changed(member);
  }

  rename(member: Member, email: string, at: number): void {
    this.#members.delete(member.key);
    member.email = email;
    member.key = subscriberHash(email);
    member.lastChanged = at;
    this.#members.set(member.key, member);
    this.version++;
    this.changed(member);
  }

  /** Deletes the member permanently: the address cannot be imported again. */
  forget(member: Member): void {
    this.#count(member, -1);
    this.#members.delete(member.key);
    this.#order[member.webId - this.profile.webId] = undefined;
    this.forgotten.add(member.key);
    this.version++;
    this.changed(member);
    this.changed();
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
    this.#keepSegment(segment);
    this.changed();
    return segment;
  }

  renameSegment(segment: Segment, name: string): void {
    if (segment.type === 'static') {
      this.#tagByName.delete(segment.name.toLowerCase());
      this.#tagByName.set(name.toLowerCase(), segment);
    }
    segment.name = name;
    this.changed();
  }

  removeSegment(segment: Segment): void {
    for (const member of this.members()) this.setTags(member, this.tagSets.without(member.tags, segment.id));
    this.segments.delete(segment.id);
    if (segment.type === 'static') this.#tagByName.delete(segment.name.toLowerCase());
    this.changed();
  }

  addMergeField(fresh: Omit<MergeField, 'slot' | 'mergeId'>): MergeField {
    const slot = this.#nextMergeSlot++;
    const field: MergeField = { ...fresh, slot, mergeId: slot + 1 };
    this.mergeFields.push(field);
    this.#fieldsByTag = undefined;
    this.changed();
    return field;
  }

  replaceMergeField(field: MergeField, next: MergeField | undefined): void {
    const index = this.mergeFields.indexOf(field);
    this.#fieldsByTag = undefined;
    this.mergeFields.splice(index, 1, ...(next ? [next] : []));
    this.changed();
  }

  /** Adds a category, replaces the one with its id, or removes that. */
  setCategory(id: string, next: InterestCategory | undefined): void {
    const others = this.interestCategories.filter((category) => category.id !== id);
    this.#keepCategories(next ? [...others, next] : others);
    this.changed();
  }

  #keepCategories(categories: readonly InterestCategory[]): void {
    this.interestCategories.splice(0, this.interestCategories.length, ...categories);
    this.#interestIds = categories.flatMap(({ interests }) => interests.map((interest) => interest.id));
  }

  #keepSegment(segment: Segment): void {
    this.segments.set(segment.id, segment);
    if (segment.type === 'static') this.#tagByName.set(segment.name.toLowerCase(), segment);
  }

  #count(member: Member, by: 1 | -1): void {
    this.byStatus[member.status] += by;
    this.#countTags(member, by);
  }

  #countTags(member: Member, by: 1 | -1): void {
    for (const id of member.tags.ids) this.segments.get(id)!.holders[member.status] += by;
  }
}

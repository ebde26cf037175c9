/** What becomes of a frame that comes: it waits, it is left out, or it waits and the one that has waited longest is left out. */
export type Admission = 'queue' | 'refuse' | 'displace-oldest';

/** The moment at which a frame comes. */
export interface AdmissionState {
  /** As many frames wait as may. */
  readonly full: boolean;
  /** No frame waits and none is in flight. */
  readonly idle: boolean;
  /** Whether all that wait, this one too, would be done in time at the level that takes least. */
  readonly inTime: () => boolean;
}

/** The moment at which the frame that is next for a worker would be late at the level that was chosen. */
export interface LateState {
  /** The level that was chosen; levels are numbers, 0 the best. */
  readonly level: number;
  /** The level that takes least. */
  readonly cheapest: number;
  /** The level that resamples without a network. */
  readonly bypass: number;
  /** Whether the frame can be expected in time at a level. */
  readonly inTime: (level: number) => boolean;
  /** No other frame waits and none is in flight: without this one there is nothing to show. */
  readonly alone: boolean;
}

/** Decides about frames for which there is no time. The dispatcher asks; it carries out what it is told. */
export interface DropPolicy {
  /** The source waits while the queue is full; else it is never held up. */
  readonly holdsSource: boolean;
  /** A frame is given up when its deadline passes while it waits, and in flight when those behind it would become late. */
  readonly givesUp: boolean;
  /** Asked when a frame comes, and when one comes back whose worker failed. Memory is bounded: 'queue' when full is for who holds the source. */
  admit(state: AdmissionState): Admission;
  /** The level at which a frame is processed that would be late; undefined where it is left out. */
  levelWhenLate(state: LateState): number | undefined;
}

/** Frames that would be late are resampled, those for which even that takes too long are left out. */
const bypass: DropPolicy = {
  holdsSource: false,
  givesUp: true,
  admit: displaceWhenFull,
  levelWhenLate: ({ bypass, inTime, alone }) => (inTime(bypass) || alone ? bypass : undefined),
};

/** Frames are left out when their turn comes and it is too late. */
const dropOldest: DropPolicy = {
  holdsSource: false,
  givesUp: true,
  admit: displaceWhenFull,
  // As long as there is nothing else to show, late is better than never.
  levelWhenLate: ({ cheapest, alone }) => (alone ? cheapest : undefined),
};

/** Frames are left out when they come; what was let in is processed. */
const dropNewest: DropPolicy = {
  holdsSource: false,
  givesUp: true,
  admit: ({ full, idle, inTime }) => (!idle && (full || !inTime()) ? 'refuse' : 'queue'),
  levelWhenLate: ({ level }) => level,
};

/** Every frame is processed, and the source waits. */
const block: DropPolicy = {
  holdsSource: true,
  givesUp: false,
  admit: () => 'queue',
  levelWhenLate: ({ level }) => level,
};

/** All policies by the name that options give them. To add one is to add it here. */
export const DROP_POLICIES = { bypass, 'drop-oldest': dropOldest, 'drop-newest': dropNewest, block } as const satisfies Readonly<Record<string, DropPolicy>>;

/** A policy's name. */
export type DropPolicyName = keyof typeof DROP_POLICIES;

/** The names in the order in which they are told to users. */
export const DROP_POLICY_NAMES = Object.keys(DROP_POLICIES) as readonly DropPolicyName[];

function displaceWhenFull({ full }: AdmissionState): Admission {
  return full ? 'displace-oldest' : 'queue';
}

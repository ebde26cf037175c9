/**
 * A policy's answer about a frame that arrives: it waits, it is dropped, or it waits and the frame that has waited
 * longest is dropped.
 */
export type Admission = 'queue' | 'refuse' | 'displace-oldest';

/** The state in which a frame arrives. */
export interface AdmissionState {
  /** The queue is full. */
  readonly full: boolean;
  /** No frame waits and none is in flight. */
  readonly idle: boolean;
  /** True where all waiting frames, this one included, would be done in time at the level with the least time. */
  readonly inTime: () => boolean;
}

/** The state in which the next frame for a worker would be late at the chosen level. */
export interface LateState {
  /** The chosen level; levels are numbers, 0 the best. */
  readonly level: number;
  /** The level with the least time. */
  readonly cheapest: number;
  /** The level that resamples without a network. */
  readonly bypass: number;
  /** True where the frame can be expected in time at a level. */
  readonly inTime: (level: number) => boolean;
  /** No other frame waits and none is in flight, so without this one there is nothing to show. */
  readonly alone: boolean;
}

/** Decides about frames for which there is no time. The dispatcher asks a policy and carries out its answer. */
export interface DropPolicy {
  /** The source waits while the queue is full; else it is never held up. */
  readonly holdsSource: boolean;
  /**
   * A waiting frame is given up when its deadline passes, and one in flight when the frames behind it would become
   * late.
   */
  readonly givesUp: boolean;
  /**
   * Asked when a frame arrives, and when one returns whose worker failed. Since memory is bounded, only a policy that
   * holds the source may answer 'queue' when the queue is full.
   */
  admit(state: AdmissionState): Admission;
  /** The level at which a late frame is processed; undefined where it is dropped. */
  levelWhenLate(state: LateState): number | undefined;
}

/** Resamples frames that would be late; drops those for which even that takes too long. */
const bypass: DropPolicy = {
  holdsSource: false,
  givesUp: true,
  admit: displaceWhenFull,
  levelWhenLate: ({ bypass, inTime, alone }) => (inTime(bypass) || alone ? bypass : undefined),
};

/** Drops frames that are late when their turn comes, and the one that has waited longest when the queue is full. */
const dropOldest: DropPolicy = {
  holdsSource: false,
  givesUp: true,
  admit: displaceWhenFull,
  // While there is nothing else to show, a late frame is better than none.
  levelWhenLate: ({ cheapest, alone }) => (alone ? cheapest : undefined),
};

/** Drops frames at their arrival; admitted frames are processed. */
const dropNewest: DropPolicy = {
  holdsSource: false,
  givesUp: true,
  admit: ({ full, idle, inTime }) => (!idle && (full || !inTime()) ? 'refuse' : 'queue'),
  levelWhenLate: ({ level }) => level,
};

/** Processes every frame; the source waits. */
const block: DropPolicy = {
  holdsSource: true,
  givesUp: false,
  admit: () => 'queue',
  levelWhenLate: ({ level }) => level,
};

/** All policies by their names in options. A new policy is added here. */
export const DROP_POLICIES = { bypass, 'drop-oldest': dropOldest, 'drop-newest': dropNewest, block } as const satisfies Readonly<Record<string, DropPolicy>>;

/** The name of a policy. */
export type DropPolicyName = keyof typeof DROP_POLICIES;

/** The names in the order in which users read them. */
export const DROP_POLICY_NAMES = Object.keys(DROP_POLICIES) as readonly DropPolicyName[];

function displaceWhenFull({ full }: AdmissionState): Admission {
  return full ? 'displace-oldest' : 'queue';
}

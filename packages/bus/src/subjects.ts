/** The pools that executions are dispatched to: flows and scripts, and connections. */
export const POOLS = ['engine', 'connector'] as const
export type Pool = (typeof POOLS)[number]

/** Above, at and below priority 0: what waits in one lane does not wait for what waits in another. */
export const LANES = ['high', 'normal', 'low'] as const
export type Lane = (typeof LANES)[number]

/** The queue of a lane: the name of its consumer and the end of its subject. */
export const queueOf = (pool: Pool, lane: Lane): string =>
  lane === 'normal' ? pool : `${pool}-${lane}`

export const laneOf = (priority: number | undefined): Lane =>
  priority === undefined || priority === 0 ? 'normal' : priority > 0 ? 'high' : 'low'

/** Every subject there is. docs/subjects.md says who speaks and who listens. */
export const subjects = {
  dispatch: (queue: string): string => `dispatch.${queue}`,
  /** To one engine. */
  eager: 'eager.start',
  /** To the process that asked. */
  eagerResult: (processId: string): string => `eager.result.${processId}`,
  resume: (processId: string): string => `resume.${processId}`,
  control: (processId: string): string => `control.${processId}`,
  moved: 'event.moved',
  ended: 'event.ended',
  timer: 'nudge.timer',
  dependency: 'nudge.dependency',
  controlWait: 'nudge.control',
  response: 'nudge.response',
  lock: 'nudge.lock',
  record: 'nudge.record',
  recordRequest: 'nudge.record-request',
} as const

/** Of those that hear one subject in this group, one gets each message. */
export const SCHEDULER_GROUP = 'scheduler'
export const ENGINE_GROUP = 'engine'
export const GATEWAY_GROUP = 'gateway'

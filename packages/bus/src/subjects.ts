/** The pools that executions are dispatched to: flows and scripts, and connections. */
export const POOLS = ['engine', 'connector'] as const
export type Pool = (typeof POOLS)[number]

/** Every subject there is. docs/subjects.md says who speaks and who listens. */
export const subjects = {
  dispatch: (pool: Pool): string => `dispatch.${pool}`,
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
} as const

/** Of those that hear one subject in this group, one gets each message. */
export const SCHEDULER_GROUP = 'scheduler'
export const ENGINE_GROUP = 'engine'

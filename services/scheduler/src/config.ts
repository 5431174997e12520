import { envInt, envRequired, envStr, ServiceError } from '@millrace/runtime'

export interface SchedulerConfig {
  readonly postgresUrl: string
  readonly natsUrl: string
  /** Where the internal gRPC server listens; port 0: a free one. */
  readonly grpcHost: string
  /** Due waits that one statement answers at most; see loop/timers.ts. */
  readonly timerBatch: number
  /** Leases an execution may lose between two advances before it stays LOST. */
  readonly maxRecoveries: number
  /** Live executions, or open waits, that one step of a sweep reads. */
  readonly sweepPage: number
  /** Pause between two walks of a sweep, at the least. */
  readonly sweepPauseMs: number
  /** How long an execution may be ready before a lost dispatch is suspected. */
  readonly readyForMs: number
  /** The same while dispatches of its pool are underway. */
  readonly readyForBusyMs: number
  /** How long a wait may be open before a lost nudge is suspected. */
  readonly openForMs: number
  /** How long a tree of executions is kept after its last member ended; 0: for ever. */
  readonly retentionMinutes: number
  /** How much time one partition of history, answers and logs spans. */
  readonly partitionMinutes: number
}

export const DEFAULTS = {
  grpcHost: '127.0.0.1',
  timerBatch: 2_000,
  maxRecoveries: 10,
  sweepPage: 5_000,
  sweepPauseMs: 2_000,
  readyForMs: 3_000,
  readyForBusyMs: 30_000,
  openForMs: 2_000,
  retentionMinutes: 30 * 24 * 60,
  partitionMinutes: 7 * 24 * 60,
} as const satisfies Partial<SchedulerConfig>

export function readConfig(): SchedulerConfig {
  return {
    ...DEFAULTS,
    postgresUrl: envRequired('MILLRACE_POSTGRES_URL'),
    natsUrl: envStr('MILLRACE_NATS_URL', 'nats://127.0.0.1:4222'),
    grpcHost: envStr('MILLRACE_INTERNAL_HOST', DEFAULTS.grpcHost),
    timerBatch: envInt('MILLRACE_TIMER_BATCH', DEFAULTS.timerBatch),
    maxRecoveries: envInt('MILLRACE_MAX_RECOVERIES', DEFAULTS.maxRecoveries),
    sweepPage: envInt('MILLRACE_SWEEP_PAGE', DEFAULTS.sweepPage),
    sweepPauseMs: envInt('MILLRACE_SWEEP_PAUSE_MS', DEFAULTS.sweepPauseMs),
    retentionMinutes: atLeast('MILLRACE_RETENTION_MINUTES', 0, DEFAULTS.retentionMinutes),
    partitionMinutes: atLeast('MILLRACE_PARTITION_MINUTES', 1, DEFAULTS.partitionMinutes),
  }
}

function atLeast(name: string, least: number, fallback: number): number {
  const value = envInt(name, fallback)
  if (value < least) throw new ServiceError('invalid', `${name} must be at least ${least}`)
  return value
}

import { envInt, envRequired, envStr } from '@millrace/runtime'

export interface LockManagerConfig {
  readonly postgresUrl: string
  readonly natsUrl: string
  /** Where the internal gRPC server listens, on a free port. */
  readonly grpcHost: string
  /** Locks that are served at once; each by one of them at a time. */
  readonly servers: number
  /** Locks of one transaction at most. */
  readonly batch: number
  /** Pause between two looks for what a lost nudge left. */
  readonly sweepMs: number
  /** How long a wait must have lasted before it is looked at for a deadlock. */
  readonly deadlockAfterMs: number
}

export const DEFAULTS = {
  grpcHost: '127.0.0.1',
  servers: 4,
  batch: 64,
  sweepMs: 1_000,
  deadlockAfterMs: 500,
} as const satisfies Partial<LockManagerConfig>

export function readConfig(): LockManagerConfig {
  return {
    ...DEFAULTS,
    postgresUrl: envRequired('MILLRACE_POSTGRES_URL'),
    natsUrl: envStr('MILLRACE_NATS_URL', 'nats://127.0.0.1:4222'),
    grpcHost: envStr('MILLRACE_INTERNAL_HOST', DEFAULTS.grpcHost),
    servers: envInt('MILLRACE_LOCK_SERVERS', DEFAULTS.servers),
    deadlockAfterMs: envInt('MILLRACE_DEADLOCK_AFTER_MS', DEFAULTS.deadlockAfterMs),
  }
}

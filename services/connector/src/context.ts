import type { Bus } from '@millrace/bus'
import type { Policy, runAttempt } from '@millrace/connectors'
import type { Logger } from '@millrace/runtime'
import type { Database } from '@millrace/store'
import type { ConnectorConfig } from './config.ts'
import type { ConnectorMetrics } from './telemetry.ts'

/** What every part of the connector works with. */
export interface ConnectorContext {
  readonly config: ConnectorConfig
  readonly db: Database
  readonly bus: Bus
  readonly log: Logger
  readonly metrics: ConnectorMetrics
  readonly policy: Policy
  readonly processId: string
  /** Makes one attempt at the far side. */
  readonly attempt: typeof runAttempt
}

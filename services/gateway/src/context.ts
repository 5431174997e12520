import type { Bus } from '@millrace/bus'
import type { Logger, Metrics } from '@millrace/runtime'
import type { Database } from '@millrace/store'
import type { Admission } from './admission.ts'
import type { Authenticator } from './auth/authenticate.ts'
import type { LoginTurns } from './auth/login-turns.ts'
import type { CalledWebhooks } from './operations/called-webhooks.ts'
import type { DeliveryLog } from './operations/delivery-log.ts'
import type { EagerStarts } from './operations/eager-starts.ts'
import type { Engines } from './operations/engines.ts'
import type { ExecutionCreator } from './operations/execution-creator.ts'
import type { ExecutionWaiters } from './operations/execution-waiters.ts'
import type { FlowCache } from './operations/flow-cache.ts'
import type { LiveViews } from './operations/live-views.ts'
import type { RecordWriter } from './operations/record-writer.ts'
import type { WebhookStarter } from './operations/webhook-starter.ts'

/** What operations work with. One per process. */
export interface Context {
  /** The path of create and wait: batches only. */
  readonly hot: Database
  /** Everything that people ask. */
  readonly api: Database
  readonly bus: Bus
  readonly log: Logger
  readonly metrics: Metrics
  readonly organizationId: string
  /** What this process runs, for those who compare. */
  readonly build: string
  /** Where people reach this API, without a slash at its end: what links begin with. */
  readonly publicUrl: () => string
  readonly authenticator: Authenticator
  readonly logins: LoginTurns
  readonly admission: Admission
  readonly flows: FlowCache
  readonly creator: ExecutionCreator
  readonly eager: EagerStarts
  readonly engines: Engines
  readonly waiters: ExecutionWaiters
  readonly views: LiveViews
  readonly records: RecordWriter
  readonly webhooks: CalledWebhooks
  readonly webhookStarter: WebhookStarter
  readonly deliveries: DeliveryLog
}

/** Who asks. Every query carries the workspace. */
export interface Caller {
  readonly workspaceId: string
  readonly userId: string
  readonly userName: string
  /** May create workspaces and users and force locks free. */
  readonly isAdmin: boolean
  /** When the credential ends (ms since 1970); null for never. */
  readonly expiresAt: number | null
}

/**
 * Where new ids come from: fresh ones, or for a request with an Idempotency-Key the same ones at
 * every try, so that a try after a crash finds what an earlier one made.
 */
export type IdSource = () => string

import type { Metrics } from '@millrace/runtime'
import { toServiceError } from '@millrace/runtime'
import {
  createBatcher,
  type Database,
  startWebhookCalls,
  type WebhookStart,
  type WebhookStarted,
} from '@millrace/store'
import { takeToken } from '@millrace/webhook'
import type { ExecutionCreator } from './execution-creator.ts'

/**
 * Starts the calls that have to be counted or remembered: those of webhooks with a signature or a
 * rate. All that come while one transaction is under way share the next.
 */
export interface WebhookStarter {
  start(start: WebhookStart): Promise<WebhookStarted>
  idle(): Promise<void>
}

export function createWebhookStarter(deps: {
  readonly hot: Database
  readonly creator: ExecutionCreator
  readonly metrics: Metrics
}): WebhookStarter {
  const { hot, creator, metrics } = deps
  const calls = metrics.counter('webhook_starts_total', 'Counted calls by what became of them', [
    'outcome',
  ])
  const batcher = createBatcher<WebhookStart, Outcome>({
    run,
    bytesOf: ({ execution }) => 1_024 + execution.input.length,
  })

  async function run(starts: WebhookStart[]): Promise<Outcome[]> {
    try {
      return await commit(starts)
    } catch (error) {
      // One call that Postgres refuses must not fail its neighbours.
      if (starts.length === 1 || toServiceError(error).retryable) throw error
      const outcomes: Outcome[] = []
      for (const start of starts)
        outcomes.push(
          await commit([start]).then(
            ([only]) => only ?? { failure: error },
            (failure: unknown) => ({ failure }),
          ),
        )
      return outcomes
    }
  }

  async function commit(starts: readonly WebhookStart[]): Promise<WebhookStarted[]> {
    const results = await startWebhookCalls(hot, starts, takeToken)
    for (const { kind } of results) calls.inc({ outcome: kind })
    creator.announce(
      starts.flatMap(({ execution }, index) =>
        results[index]?.kind === 'started' ? [execution] : [],
      ),
    )
    return results
  }

  return {
    async start(start) {
      const outcome = await batcher.add(start)
      if ('failure' in outcome) throw outcome.failure
      return outcome
    },
    idle: () => batcher.idle(),
  }
}

type Outcome = WebhookStarted | { readonly failure: unknown }

import type { Bus, Subscription } from '@millrace/bus'
import type { Outcome } from '@millrace/replay'
import type { Runner } from '../run/runner.ts'

/** Answers for executions that this engine keeps warm. A lost one is found by the sweep. */
export function consumeResume(
  bus: Bus,
  { runner, processId }: { readonly runner: Runner; readonly processId: string },
): Subscription {
  return bus.onResume(processId, (items) => {
    for (const { answers, ...key } of items) {
      const parsed = answers.map((answer) => ({
        ...answer,
        outcome: JSON.parse(answer.outcome) as Outcome,
      }))
      void runner.submit({ ...key, answers: parsed })
    }
  })
}

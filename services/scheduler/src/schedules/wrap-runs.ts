import {
  type NewExecution,
  type Queryable,
  type ScheduleWork,
  wrapExecution,
  wrapTargets,
} from '@millrace/store'

/** Puts the wrappers that always stand around the schedule's flow around its runs. */
export async function wrapRuns(
  tx: Queryable,
  work: ScheduleWork,
  runs: readonly NewExecution[],
): Promise<readonly NewExecution[]> {
  if (!work.flow_is_wrapped || runs.length === 0) return runs
  const wrappings = await wrapTargets(
    tx,
    runs.map(({ name, input }) => ({
      workspaceId: work.workspace_id,
      wrapped: {
        type: 'FLOW',
        flow_id: work.flow_id,
        flow_name: work.flow_name,
        name,
        input_value: JSON.parse(input) as unknown,
      },
      wrappers: [],
      staticOf: [work.flow_id],
    })),
  )
  return runs.map((run, at) => {
    const wrapping = wrappings[at] ?? null
    // A circle is refused where it is written, so that nothing else comes here.
    return wrapping?.kind === 'wrapper' ? wrapExecution(run, wrapping, null) : run
  })
}

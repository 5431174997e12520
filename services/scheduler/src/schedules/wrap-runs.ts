import {
  type NewExecution,
  type Queryable,
  type ScheduleWork,
  wrapExecution,
  wrapTargets,
} from '@millrace/store'

/** Puts the wrappers that always stand around the schedule, and those of its flow, around its runs. */
export async function wrapRuns(
  tx: Queryable,
  work: ScheduleWork,
  runs: readonly NewExecution[],
): Promise<readonly NewExecution[]> {
  // Those of the schedule stand outside: it is who starts the flow.
  const staticOf = [
    ...(work.is_wrapped ? [work.id] : []),
    ...(work.flow_is_wrapped ? [work.flow_id] : []),
  ]
  if (staticOf.length === 0 || runs.length === 0) return runs
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
      staticOf,
    })),
  )
  return runs.map((run, at) => {
    const wrapping = wrappings[at] ?? null
    // A circle is refused where it is written, so that nothing else comes here.
    return wrapping?.kind === 'wrapper' ? wrapExecution(run, wrapping, null) : run
  })
}

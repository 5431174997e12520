/**
 * What an iteration of a built-in scheduler runs. Most have waited before it starts: an execution is
 * born with its time. One that counts from the end of a run waits for that, durably like any other.
 *
 * It starts nothing. Its success is what says that a planned time has come; which runs follow is
 * decided with what has ended, what waits and what was missed (attend-schedule.ts).
 */
export const ITERATION_SCRIPT = {
  language: 'typescript',
  source: `export default async function handler(system, self, inputs) {
  const { after } = inputs
  if (after !== undefined) {
    await self.waitFor(after.execution_ids, { returnWhen: 'ALL_ENDED' })
    const ends = []
    for (const id of after.execution_ids) ends.push(Date.parse(await system.execution(id).load('ended_at')))
    await self.sleepUntil(Math.max(...ends) + after.seconds * 1000)
  }
  return { planned_at: inputs.planned_at }
}
`,
} as const

/**
 * What an iteration of a built-in scheduler runs. Most have waited already: they are born with their
 * time, and which runs it brings is decided in the transaction that lets them go on
 * (attend-schedule.ts). One that counts from the end of a run waits for that, like any execution; the
 * one after it waits for the time.
 */
export const ITERATION_SCRIPT = {
  language: 'typescript',
  source: `export default async function handler(system, self, inputs) {
  if (inputs.after !== undefined) await self.waitFor(inputs.after, { returnWhen: 'ALL_ENDED' })
  return { planned_at: inputs.planned_at ?? null }
}
`,
} as const

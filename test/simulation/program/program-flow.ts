import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The name under which the flow calls itself. */
export const PROGRAM_FLOW = 'random-program'

/** Source of the flow that runs any random program. Inputs: `{program, run}`. */
export const programFlow = readFileSync(
  join(import.meta.dirname, 'flow', `${PROGRAM_FLOW}.ts`),
  'utf8',
)

import { checkSections, sectionsOf } from '../../simulation/program/index.ts'
import type { Checker } from '../evidence.ts'

/** I3 as the random programs saw it: nobody else is inside of a lock, and tokens rise. */
export const checkProgramSections: Checker = ({ rows }) =>
  checkSections(rows.executions.flatMap(({ output }) => sectionsOf(output as never))).map(
    (text) => ({ invariant: 'I3', text }),
  )

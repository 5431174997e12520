/** Random programs: what to run, how, and what must come of it. */
export { createRng, type Rng } from './rng.ts'
export { ALL_FEATURES, type Feature, type Program, UNATTENDED } from './program.ts'
export { randomProgram, settingsFor } from './random-program.ts'
export { PROGRAM_FLOW, programFlow } from './program-flow.ts'
export { expectOutcome } from './expect-outcome.ts'
export { checkOutcome, type Seen } from './check-outcome.ts'
export { checkSections, type Section, sectionsOf } from './check-sections.ts'
export { shrinkProgram } from './shrink-program.ts'

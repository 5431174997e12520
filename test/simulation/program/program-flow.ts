import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The name under which the flow calls itself. */
export const PROGRAM_FLOW = 'random-program'

/**
 * Source of the flow that runs any random program. Inputs: `{program, run}`. A flow is one text: its
 * files follow each other, without what ties them together.
 */
export const programFlow = ['world', 'children', PROGRAM_FLOW]
  .map((name) => readFileSync(join(import.meta.dirname, 'flow', `${name}.ts`), 'utf8'))
  .map((text) => text.replaceAll(/^import [^']*'[^']*'$/gm, ''))
  .map((text) => text.replaceAll(/^export (?!default)/gm, ''))
  .join('')

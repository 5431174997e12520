import type { Scenario } from '../bench/scenario.ts'
import { sleeping } from './sleeping.ts'

/** What `make load` runs, in this order. */
export const load: readonly Scenario[] = [sleeping]

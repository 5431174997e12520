import type { ChaosRow } from '../row.ts'
import { killRows } from './kill.ts'

/** In the order in which the short slice takes them: what finds most comes first. */
export const ROWS: readonly ChaosRow[] = [...killRows]

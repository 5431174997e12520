import type { Scenario } from '../bench/scenario.ts'
import { latency } from './latency.ts'
import { lockQueue } from './lock-queue.ts'
import { million } from './million.ts'
import { payloads } from './payloads.ts'
import { records } from './records.ts'
import { sleeping } from './sleeping.ts'
import { steady } from './steady.ts'

/** What `make load` runs, in this order. */
export const load: readonly Scenario[] = [
  latency,
  million,
  records,
  sleeping,
  lockQueue,
  payloads,
  steady,
]

import type { ChaosRow } from '../row.ts'
import { m1, m2, m3 } from './m1-m3-killed.ts'
import { m10 } from './m10-nats-away.ts'
import { m11 } from './m11-postgres-crashes.ts'
import { m12 } from './m12-backends-killed.ts'
import { m13 } from './m13-commit-in-doubt.ts'
import { m14 } from './m14-postgres-away.ts'
import { m15 } from './m15-partitions.ts'
import { m17 } from './m17-late-copies.ts'
import { m20 } from './m20-fsync-fails.ts'
import { m21 } from './m21-clocks.ts'
import { m23 } from './m23-hoarded-work.ts'
import { m24 } from './m24-rolling.ts'
import { m26 } from './m26-poison.ts'
import { m27 } from './m27-limits.ts'
import { m28 } from './m28-bombs.ts'
import { m29 } from './m29-timers-at-once.ts'
import { m30 } from './m30-herd.ts'
import { m32 } from './m32-webhook-burst.ts'
import { m33 } from './m33-steered.ts'
import { m34 } from './m34-rings.ts'
import { m38 } from './m38-schedules.ts'
import { m4 } from './m4-crash-points.ts'
import { m5 } from './m5-frozen.ts'
import { m7 } from './m7-nats-killed.ts'
import { m8 } from './m8-nats-wiped.ts'
import { m9 } from './m9-nats-rolled-back.ts'

/** In the order in which the short slice takes them: what finds most comes first. */
export const ROWS: readonly ChaosRow[] = [
  ...[m1, m5, m8, m13, m17, m28, m33],
  ...m2,
  ...[m3, m7, m11, m12, m24, m30, m34, m38],
  ...m4,
  ...m15,
  ...[m20, m21, m23],
  // Those that take minutes each.
  ...[m26, m27, m32, m10, m14, m29, m9],
]

import { setTimeout as sleep } from 'node:timers/promises'
import { startTarget } from '../load/target.ts'
import { footprintTable, measureFootprint } from './footprint.ts'
import { figure, type Scenario } from './scenario.ts'
import { undisturbed } from './stolen.ts'

// In its first two minutes V8 still compiles what the loops run: a tenth of a per cent more.
const SETTLE_MS = 180_000
const WATCH_MS = 60_000

export const idle: Scenario = {
  id: 'idle',
  title: 'the idle stack',
  how: `\`make up\` after one execution, left alone for ${SETTLE_MS / 1_000} s, then watched for ${WATCH_MS / 1_000} s, again while the host took processors away: proportional set size and processor time of every process.`,
  async run() {
    await using target = await startTarget()
    await target.flow('empty', 'return inputs.key')
    await target.run('empty', { key: 1 })
    await sleep(SETTLE_MS)
    const { value: footprint } = await undisturbed(() =>
      measureFootprint(target.stack.home, WATCH_MS),
    )
    console.log(footprintTable(footprint))
    return [
      figure('memory', footprint.totalPssMib, 'MiB', { atMost: 700 }),
      figure('processor', footprint.totalCpuPercent, '% of a core', { atMost: 2 }),
    ]
  },
}

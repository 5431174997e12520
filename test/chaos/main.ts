import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROWS } from './rows/index.ts'
import { runRow } from './run/run-row.ts'

/** One run of one row: `node test/chaos/main.ts --row M1 --seed 7`. Prints its result as JSON. */
const { values } = parseArgs({
  options: {
    row: { type: 'string' },
    seed: { type: 'string' },
    folder: { type: 'string' },
    'faults-ms': { type: 'string' },
  },
})
const row = ROWS.find(({ id }) => id === values.row)
if (row === undefined)
  throw new Error(`there is no row ${values.row}; there are ${ROWS.map(({ id }) => id).join(' ')}`)
// Told to end, it ends its stack: what runs at exit does that.
process.on('SIGTERM', () => process.exit(143))
process.on('SIGINT', () => process.exit(130))
const folder = values.folder ?? (await mkdtemp(join(tmpdir(), `millrace-chaos-${row.id}-`)))
const result = await runRow(row, {
  seed: Number(values.seed ?? 1),
  folder,
  ...(values['faults-ms'] === undefined ? {} : { faultsMs: Number(values['faults-ms']) }),
})
console.log(JSON.stringify(result))
process.exit(result.violations.length > 0 ? 1 : 0)

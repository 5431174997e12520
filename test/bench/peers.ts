import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { keepTurn, readTurns } from './kept-turns.ts'
import { type Rows, WORK } from './load.ts'
import { type PeerResults, PEERS } from './page.ts'
import { median, ratiosOf, type Turn } from './ratios.ts'
import { commitNow, machineNow } from './results.ts'

/**
 * `node test/bench/peers.ts millrace restate dbos`: each system in turn on the same work (A B C, A B
 * C, …; TURNS=5), in a process and on a home of its own. Whole turns are kept: stopped, it goes on
 * there, as long as the product is the same. Prints every row, then medians and median ratios, and last
 * one line of JSON. Compare only runs on an otherwise idle machine; what its host
 * takes away is noticed (stolen.ts).
 */
const SYSTEMS: Readonly<Record<string, string>> = {
  millrace: 'millrace.ts',
  restate: 'restate.ts',
  dbos: 'peers/dbos.ts',
}
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const systems = process.argv.slice(2)
const turnsWanted = Number(process.env['TURNS'] ?? (systems.length > 1 ? 5 : 1))
if (systems.some((system) => system !== 'millrace')) installPeers()

const isComparison = systems.length > 1
const turns: Turn[] = isComparison ? readTurns().slice(0, turnsWanted) : []
if (turns.length > 0) console.log(`${turns.length} turns of this product are kept`)
for (let n = turns.length + 1; n <= turnsWanted; n++) {
  const turn: Record<string, Rows> = {}
  for (const system of systems) {
    console.log(`turn ${n} of ${turnsWanted}: ${system}`)
    turn[system] = await runOne(system)
  }
  turns.push(turn)
  if (isComparison) keepTurn(turn)
}
const medians = printMedians()
const ratios = isComparison ? ratiosOf(turns) : []
for (const { title, of, ratio, must } of ratios)
  console.log(`${title.padEnd(26)} ${of}: ${ratio.toFixed(2)} (design: ${must})`)
if (isComparison) {
  const results: PeerResults = {
    commit: commitNow(),
    command: `make bench-peers TURNS=${turnsWanted}`,
    machine: `${machineNow()}; Restate 1.7.12 over HTTP, DBOS 5.3.0 in process`,
    turns: turnsWanted,
    medians,
    ratios,
  }
  writeFileSync(PEERS, `${JSON.stringify(results, null, 2)}\n`)
}
console.log(JSON.stringify({ turns: turnsWanted, medians, ratios }))

/** A process of its own, so that no system inherits the heap or the connections of another. */
async function runOne(system: string): Promise<Rows> {
  const file = SYSTEMS[system]
  if (file === undefined) throw new Error(`${system} is none of ${Object.keys(SYSTEMS).join(', ')}`)
  const child = spawn(process.execPath, [here(file)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    process.stdout.write(chunk.toString().replaceAll(/^\{"system".*\n/gm, ''))
  })
  const [code] = (await once(child, 'close')) as [number | null]
  const line = output.split('\n').find((text) => text.startsWith('{"system"'))
  if (code !== 0 || line === undefined) throw new Error(`${system} failed (${code})`)
  return (JSON.parse(line) as { rows: Rows }).rows
}

function printMedians(): Record<string, Rows> {
  const all: Record<string, Rows> = {}
  console.log(`\nmedians of ${turnsWanted}`.padEnd(38), 'per second    p50 ms    p99 ms')
  for (const { title } of WORK) {
    for (const system of systems) {
      const rows = turns.flatMap((turn) => turn[system]?.[title] ?? [])
      const row = {
        perSecond: median(rows.map(({ perSecond }) => perSecond)),
        p50Ms: median(rows.map(({ p50Ms }) => p50Ms)),
        p99Ms: median(rows.map(({ p99Ms }) => p99Ms)),
        stolen: median(rows.map(({ stolen }) => stolen)),
      }
      all[system] = { ...all[system], [title]: row } as Rows
      const numbers = [row.perSecond, row.p50Ms, row.p99Ms]
      console.log(
        title.padEnd(26),
        system.padEnd(10),
        ...numbers.map((n) => String(n).padStart(10)),
      )
    }
  }
  return all
}

/** Only this target fetches them. */
function installPeers(): void {
  const done = spawnSync(
    'pnpm',
    ['install', '--frozen-lockfile', '--prefer-offline', '--loglevel=error'],
    { cwd: here('peers'), stdio: ['ignore', 'inherit', 'inherit'] },
  )
  if (done.status !== 0) throw new Error('the peers could not be fetched')
}

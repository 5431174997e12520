import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { type Check, readChecks } from './check.ts'
import type { PanResult } from './pan-output.ts'
import { runCheck } from './run-check.ts'

/**
 * `make model`: checks every Promela model beside the code, as it is and with one guard taken away at a
 * time, and prints what came of it. Exit code 1 when any result is not the one the model's head names.
 *
 *   node tools/model/main.ts lock.pml     only models whose path holds one of the words
 */
const missing = ['spin', 'gcc'].filter((program) => spawnSync(program, ['--version']).error)
if (missing.length > 0) {
  console.error(
    `make model needs ${missing.join(' and ')}: apt-get install spin gcc libc6-dev (Debian, Ubuntu).`,
  )
  process.exit(1)
}

const words = process.argv.slice(2)
const models = globSync('{packages,services}/*/model/*.pml')
  .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
  .toSorted()
const tasks = models.flatMap((model) =>
  readChecks(readFileSync(model, 'utf8')).map((check) => ({ model, check })),
)
const width = Math.max(...tasks.map(({ model, check }) => nameOf(model, check).length))
let next = 0
let wrong = 0
const startedAt = performance.now()
const lines: (string | undefined)[] = []
let printed = 0

console.log(row('model, switches', { kind: 'check', states: 'states', found: 'found' }))
await Promise.all([work(), work()])
const seconds = Math.round((performance.now() - startedAt) / 1_000)
console.log(`${tasks.length - wrong} as expected, ${wrong} not; ${seconds} s`)
process.exitCode = wrong > 0 || tasks.length === 0 ? 1 : 0

async function work(): Promise<void> {
  for (let at = next++; at < tasks.length; at = next++) {
    const task = tasks[at]
    if (task === undefined) return
    lines[at] = describe(task.model, task.check, await runCheck(task.model, task.check))
    // In order, as soon as all before it are there.
    for (let line = lines[printed]; line !== undefined; line = lines[printed]) {
      console.log(line)
      printed += 1
    }
  }
}

function describe(model: string, check: Check, { verdict, states, complaint }: PanResult): string {
  const isRight = verdict === check.expected
  if (!isRight) wrong += 1
  const found = isRight ? verdict : `${verdict}, EXPECTED ${check.expected}: ${complaint ?? ''}`
  return row(nameOf(model, check), { kind: check.kind, states: states.toLocaleString('en'), found })
}

function nameOf(model: string, { switches }: Check): string {
  const name = model.slice(model.lastIndexOf('/') + 1, -'.pml'.length)
  return [name, ...switches].join(' ')
}

function row(
  name: string,
  { kind, states, found }: { kind: string; states: string; found: string },
): string {
  return `${name.padEnd(width)}  ${kind.padEnd(5)}  ${states.padStart(10)}  ${found}`
}
